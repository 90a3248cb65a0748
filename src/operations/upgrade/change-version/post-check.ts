import type { Reading } from '../../../adapters/reading.ts';
import { readTabletHealth } from '../../../adapters/starrocks/read-tablet-health.ts';
import { readTopology, toObservedNodes } from '../../../adapters/starrocks/read-topology.ts';
import { leaderCheck, nothingBlocks } from '../../../domain/end-checks.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import { findLeader } from '../../../domain/quorum.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { tabletsInWords, unhealthyTablets } from '../../../domain/tablet-health.ts';
import type { NamedCheck } from '../../../domain/verdict.ts';
import { isSameRelease } from '../../../domain/version.ts';
import { count } from '../../../domain/words.ts';
import type { EndedRun } from '../../define.ts';

/** Passes when every node is alive on the target, except for nodes that a person left out; those are reported. */
export async function checkVersions(
  { to }: { readonly to: string },
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps }: Pick<EndedRun, 'steps'>,
): Promise<PostCheck> {
  const nodes = toObservedNodes(await readTopology(sql, { signal }));
  const leftOut = new Set(steps.filter((step) => step.state === 'skipped').flatMap((step) => step.lane?.name ?? []));
  const wanted = nodes.filter((node) => !leftOut.has(nodeLabel(node)));
  const elsewhere = wanted.filter((node) => node.version === null || !isSameRelease(node.version, to));
  const dead = wanted.filter((node) => !node.alive);
  const health = await readTabletHealth(sql, { signal });
  const list = (some: typeof nodes) =>
    some.map((node) => `${nodeLabel(node)} (${node.version ?? '?'}${node.alive ? '' : ', down'})`).join(', ');
  const checks: NamedCheck[] = [
    {
      name: 'nodes-on-version',
      status: elsewhere.length === 0 ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed:
        elsewhere.length === 0 ? `${count(wanted.length, 'node')} on ${to}` : `not on ${to}: ${list(elsewhere)}`,
      wanted: `every node on ${to}`,
      hint: 'Retry the run.',
    },
    {
      name: 'nodes-alive',
      status: dead.length === 0 ? 'PASS' : 'FAIL',
      severity: 'BLOCK',
      observed: dead.length === 0 ? 'all alive' : `down: ${list(dead)}`,
      wanted: 'every node alive',
      hint: "Look at the node's log on its host.",
    },
    leaderCheck(nodes),
    {
      name: 'tablets-healthy',
      status: unhealthyTablets(health) === 0 ? 'PASS' : 'FAIL',
      severity: 'WARN',
      observed: tabletsInWords(health),
      wanted: '0',
      hint: 'The cluster repairs them by itself; look again in some minutes.',
    },
    ...(leftOut.size === 0
      ? []
      : [
          {
            name: 'left-out',
            status: 'FAIL' as const,
            severity: 'WARN' as const,
            observed: `left out by a person: ${list(nodes.filter((node) => leftOut.has(nodeLabel(node)))) || [...leftOut].join(', ')}`,
            wanted: `every node on ${to}`,
            hint: 'The cluster runs several versions until they have followed: ask for the same again.',
          },
        ]),
  ];
  // While the leadership moves to another frontend, nobody is shown as leader, or as joined, for some seconds.
  return { passed: nothingBlocks(checks), checks, isSettling: dead.length > 0 || findLeader(nodes) === undefined };
}
