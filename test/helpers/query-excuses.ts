import type { FailedQuery } from '../../sandbox/world/query-tally.ts';
import type { World } from '../../sandbox/world/start-world.ts';
import { absencesIn } from '../../src/domain/absences.ts';
import { listSteps } from '../../src/store/runs/runs.ts';
import type { Engine } from './engine.ts';

/** When a node was being stopped, changed and started, by the name of its host. */
export type Away = { readonly name: string; readonly from: Date; readonly until: Date };

/** Whom a run took away and brought back. */
export async function awayIn({ engine, world }: { engine: Engine; world: World }, runId: string): Promise<Away[]> {
  const { hosts } = world.describe();
  return absencesIn(await listSteps(engine.ctx.db, runId)).flatMap(({ name: node, awaySince: from, backAt: until }) => {
    const name = hosts.find(({ address }) => node.includes(`${address}:`))?.name;
    return name && from && until ? [{ name, from, until }] : [];
  });
}

/** What a follower says of a leader that ended or refuses, and passes on of one that is leaving. */
const leaderGone = [
  /^java\.net\.\w+: Connection (refused|reset)$/,
  /^Socket is closed by peer\.$/,
  /^Environment is closed\.$/,
];

/**
 * At that moment the frontend that a query was sent to was on its way out or in; or it passed a write on to the leader, and
 * that was going or gone, with no other elected yet: up to 3.3 a leader is stopped without handing over.
 */
export function isExcused({ at, frontend, kind, message }: FailedQuery, away: readonly Away[]): boolean {
  const isLeaderGone = kind === 'write' && leaderGone.some((pattern) => pattern.test(message));
  return away.some(
    ({ name, from, until }) =>
      name.startsWith('fe') && from <= at && at <= until && (name === frontend || isLeaderGone),
  );
}

/** `3 x write at fe2: Socket is closed by peer.`, for people who read the end of a lab. */
export function failuresInWords(failed: readonly FailedQuery[]): string[] {
  const byWhy = Map.groupBy(failed, ({ kind, frontend, message }) => `${kind} at ${frontend}: ${message}`);
  return [...byWhy].map(([why, { length }]) => `${length} x ${why}`);
}
