import { type NodeToAsk, readHostMetrics } from '../adapters/ssh/read-host-metrics.ts';
import type { Known } from '../domain/known.ts';
import type { FactAnswer, FactAnswers } from '../domain/metrics/facts.ts';
import type { ProbeReading } from './read-parts.ts';

const noHost = 'none of its nodes has a host that Starwarden reaches: see attachHosts';

/**
 * Whether a node has got a host since hosts were asked: whoever attached it sees its disk and its clock with the next questions, and not
 * minutes later. Pure.
 */
export function hasNewHost(before: FactAnswers, nodes: readonly NodeToAsk[]): boolean {
  const attached = nodes.filter(({ hostId }) => hostId !== null);
  const answer = before.clock_difference_seconds;
  if (answer === undefined) return false;
  if (!('values' in answer)) return answer.problem === noHost && attached.length > 0;
  if (answer.failed !== undefined) return false;
  const told = new Set([...answer.values, ...(answer.unknown ?? [])].map(({ subject }) => subject.nodeId));
  return attached.some(({ id }) => !told.has(id));
}

/** What hosts answer over SSH, each node by itself; of a cluster without attached hosts nothing is known. */
export async function askHosts(
  { shell }: Pick<ProbeReading, 'shell'>,
  { nodes, at, signal }: { readonly nodes: readonly NodeToAsk[]; readonly at: Date; readonly signal: AbortSignal },
): Promise<FactAnswers> {
  const atMs = at.getTime();
  const told = await readHostMetrics(nodes, { shell, signal });
  if (told.length === 0) {
    const answer = { atMs, problem: noHost };
    return { clock_difference_seconds: answer, log_disk_used_share: answer };
  }
  const answerOf = (pick: (one: (typeof told)[number]) => Known<number>) =>
    toAnswer(
      told.map((one) => ({ nodeId: one.nodeId, known: pick(one) })),
      atMs,
    );
  return {
    clock_difference_seconds: answerOf(({ clockDifference }) => clockDifference),
    log_disk_used_share: answerOf(({ logDiskUsedShare }) => logDiskUsedShare),
  };
}

function toAnswer(told: readonly { nodeId: string; known: Known<number> }[], atMs: number): FactAnswer {
  return {
    atMs,
    values: told.flatMap(({ nodeId, known }) =>
      'value' in known ? [{ subject: { nodeId }, value: known.value }] : [],
    ),
    unknown: told.flatMap(({ nodeId, known }) =>
      'unknown' in known ? [{ subject: { nodeId }, because: known.unknown }] : [],
    ),
  };
}
