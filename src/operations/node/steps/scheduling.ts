import { z } from 'zod';
import { readFrontendValues, setFrontendValue } from '../../../adapters/starrocks/frontend-config.ts';
import type { SqlReader, StarRocksSql } from '../../../adapters/starrocks/port.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import type { Json } from '../../../domain/json.ts';
import { theCluster } from '../../../domain/subject.ts';
import { type FrontendRow, hasLeader } from '../../../domain/topology.ts';
import { compareVersions, parseVersion } from '../../../domain/version.ts';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';

/**
 * The settings that keep the scheduler from moving and repairing tablets while nodes come and go. Their names are the
 * same from 3.1 to 4.0. Up to 3.4 each frontend has its own values, and the leader's count; from 3.5 a change reaches all
 * frontends. A frontend that restarts forgets them.
 */
const paused = {
  tablet_sched_max_scheduling_tablets: '0',
  tablet_sched_max_balancing_tablets: '0',
  tablet_sched_disable_balance: 'true',
  tablet_sched_disable_colocate_balance: 'true',
} as const;
const keys = Object.keys(paused);
const allKeys = 'tablet_sched_%';

const values = z.record(z.string(), z.string());
/** The values that each frontend had, by `host:edit-log port`, and which frontend led. */
const savedShape = z.object({ leader: z.string(), byFrontend: z.record(z.string(), values) });
type Saved = z.infer<typeof savedShape>;

/** Puts back the values from before. A frontend that restarted since has the values of its conf file, as it should. */
export const restoreTabletScheduling = defineStep({
  kind: 'restoreTabletScheduling',
  params: savedShape,
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ leader, byFrontend }) =>
    `Put tablet scheduling back: ${Object.entries(byFrontend[leader] ?? {})
      .map(([key, value]) => `${key.replace('tablet_sched_', '')} = ${value}`)
      .join(', ')}`,
  check: async (saved, { sql }, { signal }) =>
    (await differences(sql, wantedOf(saved), signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (saved, { sql }, { signal }) => setWhatDiffers(sql, wantedOf(saved), signal),
  undo: { nothing: 'It puts back what was there before.' },
});

/** Once for the run: the values of every frontend are kept as a temporary change, and they come back on every way out. */
export const pauseTabletScheduling = defineStep({
  kind: 'pauseTabletScheduling',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  describe: () => 'Pause tablet scheduling, and keep the values that are there now',
  check: async (_params, { sql }, { signal }) =>
    (await differences(sql, () => paused, signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (_params, { sql }, { signal }) => setWhatDiffers(sql, () => paused, signal),
  undo: { nothing: 'The ledger puts it back.' },
  temporary: {
    read: async (_params, { sql }, { signal }) => save(sql, signal),
    restore: (_params, before) => [restoreTabletScheduling.with(savedShape.parse(before))],
  },
});

/** Before each node: a frontend that restarted, or a new leader, has forgotten that scheduling is paused. */
export const keepSchedulingPaused = defineStep({
  kind: 'keepSchedulingPaused',
  params: z.object({ label: z.string() }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  repeat: 'safe',
  bindsNext: true,
  describe: ({ label }) => `Make sure that tablet scheduling is still paused before ${label} goes`,
  check: async (_params, { sql }, { signal }) =>
    (await differences(sql, () => paused, signal)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: (_params, { sql }, { signal }) => setWhatDiffers(sql, () => paused, signal),
  undo: { nothing: 'The ledger puts it back.' },
});

type Values = Readonly<Record<string, string>>;
type Wanted = (frontend: FrontendRow, all: readonly FrontendRow[], now: Values) => Values;
type Difference = { readonly frontend: FrontendRow; readonly key: string; readonly value: string };

function wantedOf(saved: Saved): Wanted {
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
  return Object.entries(paused).some(([name, off]) => name === key && off === value);
}

async function save(sql: SqlReader, signal: AbortSignal): Promise<Json> {
  const { frontends } = await readTopology(sql, { signal }, { waitMs: 0 });
  const leader = frontends.find((each) => each.role === 'LEADER');
  if (leader === undefined) throw noLeader();
  const living = frontends.filter((each) => each.alive);
  const byFrontend = await Promise.all(
    living.map(async (each) => [nameOf(each), await readValues(sql, each, signal)] as const),
  );
  return { leader: nameOf(leader), byFrontend: Object.fromEntries(byFrontend) };
}

/**
 * Values of living frontends that are not as wanted. A frontend of 3.5 or later is changed through the leader only; an
 * older leader changes only itself, so no change reaches that frontend and it is left out. It has restarted then, and
 * runs with the values of its conf file.
 */
async function differences(sql: SqlReader, wanted: Wanted, signal: AbortSignal): Promise<readonly Difference[]> {
  const { frontends } = await readTopology(sql, { signal }, { waitMs: 0 });
  // Without a leader nobody can say whom it would change: no difference would be found, and the step would count as done.
  if (!hasLeader(frontends)) throw noLeader();
  const isLed = frontends.some((each) => each.role === 'LEADER' && each.alive && sharesConfig(each));
  const found = await Promise.all(
    frontends
      .filter((frontend) => frontend.alive && (isLed || !sharesConfig(frontend)))
      .map(async (frontend) => {
        const now = await readValues(sql, frontend, signal);
        return Object.entries(wanted(frontend, frontends, now)).flatMap(([key, value]) =>
          now[key] === undefined || now[key] === value ? [] : [{ frontend, key, value }],
        );
      }),
  );
  return found.flat();
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
async function setWhatDiffers(sql: StarRocksSql, wanted: Wanted, signal: AbortSignal): Promise<void> {
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

function noLeader(): AppError {
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

function nameOf(frontend: FrontendRow): string {
  return `${frontend.host}:${frontend.editLogPort}`;
}
