import { inParallel } from '../adapters/in-parallel.ts';
import { readDataDirs } from '../adapters/ssh/read-data-dirs.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import type { Counters } from '../domain/metrics/counters.ts';
import type { FactAnswers, FactUnknown, FactValue } from '../domain/metrics/facts.ts';
import { isNamed, namedFact, shownOf, vanishedOf } from '../domain/metrics/vanished-paths.ts';
import { AppError } from '../errors.ts';
import type { ProbeReading } from './read-parts.ts';

type Asked = {
  readonly nodes: readonly Pick<ClusterNode, 'id' | 'kind' | 'hostId' | 'deployDir'>[];
  readonly counters: Counters;
  readonly at: Date;
  readonly signal: AbortSignal;
};

const atOnce = 8;
const hostTimeoutMs = 8_000;

/** Whether the conf files of backends name storage paths that their pages do not show any more; only those backends are asked. */
export async function askConfs({ shell }: Pick<ProbeReading, 'shell'>, asked: Asked): Promise<FactAnswers> {
  const { nodes, counters, at, signal } = asked;
  const missing = nodes.filter(({ id }) => vanishedOf(counters[id]?.paths).length > 0);
  const told = await inParallel(missing, atOnce, async (node) => {
    const seen = counters[node.id]?.paths;
    const named = await pathsOf({ shell }, node, signal);
    return vanishedOf(seen).map(([path]) => ({
      subject: { nodeId: node.id, path },
      standing: typeof named === 'string' ? { because: named } : isNamed(path, { named, shown: shownOf(seen) }),
    }));
  });
  const all = told.flat();
  return {
    [namedFact]: {
      atMs: at.getTime(),
      values: all.flatMap(({ subject, standing }): FactValue[] =>
        typeof standing === 'string' ? [{ subject, value: standing === 'NAMED' ? 1 : 0 }] : [],
      ),
      unknown: all.flatMap(({ subject, standing }): FactUnknown[] =>
        typeof standing === 'string' ? [] : [{ subject, ...standing }],
      ),
    },
  };
}

/** A text = why they cannot be told. */
async function pathsOf(
  { shell: open }: Pick<ProbeReading, 'shell'>,
  { kind, hostId, deployDir }: Asked['nodes'][number],
  all: AbortSignal,
): Promise<readonly string[] | string> {
  if (hostId === null) return 'the node has no host that Starwarden reaches: see attachHosts';
  if (deployDir === null) return 'its directory is not known';
  if (all.aborted) return 'its host was not asked in time';
  const signal = AbortSignal.any([all, AbortSignal.timeout(hostTimeoutMs)]);
  try {
    return await readDataDirs(await open(hostId), { kind, deployDir }, signal);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'STORE_UNAVAILABLE') throw error;
    return signal.aborted ? 'its host did not tell in time' : error.message;
  }
}
