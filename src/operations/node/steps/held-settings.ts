import { z } from 'zod';
import { readFrontendValues, setFrontendValue } from '../../../adapters/starrocks/frontend-config.ts';
import type { SqlReader, StarRocksSql } from '../../../adapters/starrocks/port.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import type { Json } from '../../../domain/json.ts';
import type { OpenChange } from '../../../domain/open-change.ts';
import { type FrontendRow, hasLeader } from '../../../domain/topology.ts';
import { compareVersions, parseVersion } from '../../../domain/version.ts';
import { AppError } from '../../../errors.ts';

/*
 * Settings of tablet scheduling that are held for a time on every frontend. Up to 3.4 each frontend has its own values, and
 * the leader's count; from 3.5 a change reaches all frontends. A frontend that restarts forgets them.
 */

const allKeys = 'tablet_sched_%';
/**
 * What keeps the scheduler from moving and repairing tablets while nodes come and go. The names are the same from 3.1 to
 * 4.0.
 */
export const schedulingOff = {
  tablet_sched_max_scheduling_tablets: '0',
  tablet_sched_max_balancing_tablets: '0',
  tablet_sched_disable_balance: 'true',
  tablet_sched_disable_colocate_balance: 'true',
} as const;
const keys = Object.keys(schedulingOff);

const values = z.record(z.string(), z.string());
/** The values that each frontend had, by `host:edit-log port`, and which frontend led. */
export const savedShape = z.object({ leader: z.string(), byFrontend: z.record(z.string(), values) });
export type Saved = z.infer<typeof savedShape>;

export type Values = Readonly<Record<string, string>>;
/** The values that a frontend is to have; what it does not name is left alone. */
export type Wanted = (frontend: FrontendRow, all: readonly FrontendRow[], now: Values) => Values;
export type Difference = { readonly frontend: FrontendRow; readonly key: string; readonly value: string };

/** What each frontend had before. */
export function wantedBack(saved: Saved): Wanted {
  return (frontend, all, now) => {
    // A leader of 3.5 or later hands every change on to all other frontends: then there is one value for all, the
    // leader's.
    const leader = all.find((each) => each.role === 'LEADER');
    const isShared = leader !== undefined && sharesConfig(leader);
    const known = saved.byFrontend[isShared ? saved.leader : nameOf(frontend)];
    if (known !== undefined) return known;
    // This frontend was away when the values were read. Only those of its values that equal the paused ones can be ours:
    // they are set to what the leader had.
    const elsewhere = Object.entries(saved.byFrontend[saved.leader] ?? {});
    return Object.fromEntries(elsewhere.filter(([key]) => isPausedValue(key, now[key])));
  };
}

function isPausedValue(key: string, value: string | undefined): boolean {
  return Object.entries(schedulingOff).some(([name, off]) => name === key && off === value);
}

/**
 * The values to put back, where runs that have ended could not put back theirs (`changes`, newest first): what such a run
 * has switched off is not how it was before, and whoever took it for that would put it back switched off for ever.
 */
export function beforeLeftOvers(now: Json, changes: readonly OpenChange[]): Json {
  const saved = savedShape.parse(now);
  const first = changes.findLast(({ isLeftOver, before }) => isLeftOver && savedShape.safeParse(before).success);
  if (first === undefined) return now;
  const before = savedShape.parse(first.before);
  const byFrontend = Object.entries(saved.byFrontend).map(([name, own]) => {
    const known = before.byFrontend[name] ?? before.byFrontend[before.leader] ?? {};
    const each = Object.entries(own).map(([key, value]) => [
      key,
      isPausedValue(key, value) ? (known[key] ?? value) : value,
    ]);
    return [name, Object.fromEntries(each)] as const;
  });
  return { leader: saved.leader, byFrontend: Object.fromEntries(byFrontend) };
}

/** What each living frontend has of these settings now. */
export async function saveValues(sql: SqlReader, wanted: readonly string[], signal: AbortSignal): Promise<Json> {
  const { frontends } = await readTopology(sql, { signal }, { waitMs: 0 });
  // The values of one that is not shown alive are not read, and without the leader's there is nothing to put back.
  const leader = frontends.find((each) => each.role === 'LEADER' && each.alive);
  if (leader === undefined) throw noLeader();
  const living = frontends.filter((each) => each.alive);
  const byFrontend = await Promise.all(
    living.map(async (each) => {
      const now = Object.entries(await readValues(sql, each, signal));
      return [nameOf(each), Object.fromEntries(now.filter(([key]) => wanted.includes(key)))] as const;
    }),
  );
  return { leader: nameOf(leader), byFrontend: Object.fromEntries(byFrontend) };
}

/**
 * Values of living frontends that are not as wanted. A frontend of 3.5 or later is changed through the leader only; an
 * older leader changes only itself, so no change reaches that frontend and it is left out. It has restarted then, and
 * runs with the values of its conf file.
 */
export async function differences(sql: SqlReader, wanted: Wanted, signal: AbortSignal): Promise<readonly Difference[]> {
  return (await lookAtFrontends(sql, wanted, signal)).differences;
}

/**
 * The same, with all frontends. One that is shown alive and does not answer keeps nobody from setting what differs on the
 * others, and is no reason to take all for done: where nothing else differs, its error is thrown.
 */
export async function lookAtFrontends(
  sql: SqlReader,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<{ readonly frontends: readonly FrontendRow[]; readonly differences: readonly Difference[] }> {
  const { frontends } = await readTopology(sql, { signal }, { waitMs: 0 });
  // Without a leader nobody can say whom it would change: no difference would be found, and the step would count as done.
  if (!hasLeader(frontends)) throw noLeader();
  const isLed = frontends.some((each) => each.role === 'LEADER' && each.alive && sharesConfig(each));
  const found = await Promise.all(
    frontends
      .filter((frontend) => frontend.alive && (isLed || !sharesConfig(frontend)))
      .map((frontend) =>
        readValues(sql, frontend, signal).then(
          (now) =>
            Object.entries(wanted(frontend, frontends, now)).flatMap(([key, value]) =>
              now[key] === undefined || now[key] === value ? [] : [{ frontend, key, value }],
            ),
          (error: unknown) => {
            if (error instanceof AppError && error.code === 'SQL_UNREACHABLE') return error;
            throw error;
          },
        ),
      ),
  );
  const silent = found.find((each) => each instanceof AppError);
  const known = found.flatMap((each) => (each instanceof AppError ? [] : each));
  if (silent !== undefined && known.length === 0) throw silent;
  return { frontends, differences: known };
}

async function readValues(sql: SqlReader, frontend: FrontendRow, signal: AbortSignal) {
  const all = await readFrontendValues(sql, allKeys, callTo(frontend, signal));
  return Object.fromEntries(Object.entries(all).filter(([key]) => keys.includes(key)));
}

/**
 * Sets the values that are not as wanted: each frontend's own values, on all frontends at the same time, and the shared
 * values through the leader alone. From 3.5 the statement fails when one frontend is dead although all others changed, so
 * what counts is the values that are read afterwards.
 */
export async function setWhatDiffers(sql: StarRocksSql, wanted: Wanted, signal: AbortSignal): Promise<void> {
  const found = await differences(sql, wanted, signal);
  const leading = found.filter(({ frontend }) => frontend.role === 'LEADER' && sharesConfig(frontend));
  const own = found.filter(({ frontend }) => !sharesConfig(frontend));
  const byFrontend = Map.groupBy(leading.length > 0 ? [...leading, ...own] : found, ({ frontend }) => nameOf(frontend));
  const refusals = await Promise.all([...byFrontend.values()].map((each) => setEach(sql, each, signal)));
  const refusal = refusals.find((each) => each !== null);
  if (refusal != null && (await differences(sql, wanted, signal)).length > 0) throw refusal;
}

async function setEach(sql: StarRocksSql, own: readonly Difference[], signal: AbortSignal): Promise<AppError | null> {
  let refusal: AppError | null = null;
  for (const difference of own) {
    try {
      await setFrontendValue(sql, difference, callTo(difference.frontend, signal));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SQL_FAILED') throw error;
      refusal = error;
    }
  }
  return refusal;
}

/** Nobody can say now whom a change would reach. */
export function noLeader(): AppError {
  return new AppError('SQL_UNREACHABLE', 'The frontends have no leader now', {
    hint: 'An election takes seconds to a minute',
    retryable: true,
  });
}

function sharesConfig({ version }: FrontendRow): boolean {
  const [parsed, since] = [parseVersion(version?.text ?? ''), parseVersion('3.5.0')];
  return parsed !== null && since !== null && compareVersions(parsed, since) >= 0;
}

function callTo(frontend: FrontendRow, signal: AbortSignal) {
  return { route: { host: frontend.host, port: frontend.queryPort }, signal };
}

export function nameOf(frontend: FrontendRow): string {
  return `${frontend.host}:${frontend.editLogPort}`;
}
