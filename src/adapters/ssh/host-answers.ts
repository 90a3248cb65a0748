import type { StartedAs } from '../../domain/words.ts';
import { neededTools } from './host-tools.ts';

export type Tools = {
  /** Tools that every upgrade needs and the host lacks, e.g. `flock`. */
  readonly missing: readonly string[];
  /** The tool with which archives can be fetched; null = neither curl nor wget is there. */
  readonly downloader: 'curl' | 'wget' | null;
};

export function parseTools(stdout: string): Tools {
  const found = new Set(stdout.split('\n'));
  const missing = neededTools.filter((tool) => !found.has(tool));
  const strange = ['tar', 'stat'].filter((tool) => found.has(tool) && !found.has(`gnu-${tool}`));
  return {
    missing: [...missing, ...strange.map((tool) => `GNU ${tool}`)],
    downloader: found.has('curl') ? 'curl' : found.has('wget') ? 'wget' : null,
  };
}

export function parseClock(stdout: string): Date | null {
  return /^\d{13}$/.test(stdout.trim()) ? new Date(Number(stdout)) : null;
}

/** Null when one of the two times is not told. */
export function parseConfTimes(stdout: string, startedAtTicks: string): { changedAt: Date; startedAt: Date } | null {
  const { changed, booted, ticks } = pairs(stdout);
  const [changedS, bootedS, perSecond, started] = [changed, booted, ticks, startedAtTicks].map((text) =>
    /^\d+$/.test(text ?? '') ? Number(text) : Number.NaN,
  );
  const startedS = (bootedS ?? Number.NaN) + (started ?? Number.NaN) / (perSecond ?? Number.NaN);
  if (changedS === undefined || Number.isNaN(changedS) || !Number.isFinite(startedS)) return null;
  return { changedAt: new Date(changedS * 1_000), startedAt: new Date(Math.round(startedS * 1_000)) };
}

export type SwapPlace = {
  readonly sameFileSystem: boolean;
  readonly writable: boolean;
  /** What prevents a swap, as sentences; empty = nothing. */
  readonly problems: readonly string[];
};

/** Null when the answer cannot be read. */
export function parseSwapPlace(stdout: string): SwapPlace | null {
  const fields = pairs(stdout);
  const home = fields.deployDir;
  if (home === undefined || fields.writable === undefined) return null;
  if (home === '') return { sameFileSystem: false, writable: false, problems: ['The directory is not there'] };
  const writable = fields.writable === 'yes';
  const elsewhere = ['bin', 'lib', 'starwarden'].flatMap((name) => {
    const mount = fields[name];
    if (mount === undefined || mount === home) return [];
    if (mount === '') return [`${name} is not there`];
    // A link is renamed like any other file; the directory it points to stays where it is.
    if (mount === 'link') return name === 'starwarden' ? ['starwarden is a symbolic link'] : [];
    return [`${name} is on the file system ${mount}, the directory itself on ${home}`];
  });
  return {
    sameFileSystem: elsewhere.length === 0,
    writable,
    problems: [...elsewhere, ...(writable ? [] : ['The user may not write there'])],
  };
}

/**
 * The user who would start the node, where that is not the one it belongs to: the user of its process, else of its
 * directory.
 */
export function parseOwner(stdout: string): StartedAs | null {
  const { login, owner } = pairs(stdout);
  return login && owner && login !== owner ? { user: login, belongsTo: owner } : null;
}

const javaSources = ['conf', 'process', 'environment', 'path'] as const;

/** Where JAVA_HOME was found: in fe.conf, in the running process, in the environment, or beside the `java` of the PATH. */
export type JavaSource = (typeof javaSources)[number];

export type Java = {
  readonly from: JavaSource;
  /** JAVA_HOME as written; null = there is none. */
  readonly home: string | null;
  /** E.g. `17.0.9`, `1.8.0_412`; null = there is no Java at that place. */
  readonly version: string | null;
  /** 8 for `1.8.0_412`. */
  readonly major: number | null;
  readonly hasCompiler: boolean;
};

/** Null when the answer cannot be read. */
export function parseJava(stdout: string): Java | null {
  const { from: told, home, version: line = '', compiler } = pairs(stdout);
  const from = javaSources.find((source) => source === told);
  if (from === undefined) return null;
  const version = /version "([^"]+)"/.exec(line)?.[1] ?? null;
  return { from, home: home || null, version, major: majorOf(version), hasCompiler: compiler === 'yes' };
}

function majorOf(version: string | null): number | null {
  const [, first, second] = /^(\d+)(?:\.(\d+))?/.exec(version ?? '') ?? [];
  if (first === undefined) return null;
  return first === '1' && second !== undefined ? Number(second) : Number(first);
}

export type NodeLog = { readonly name: string; readonly lines: readonly string[] };

export function parseNodeLogs(stdout: string): NodeLog[] {
  const lines = stdout.split('\n');
  const logs: NodeLog[] = [];
  for (let at = 0; at < lines.length; ) {
    const [, count, name] = /^\s*(\d+) (\S+)$/.exec(lines[at] ?? '') ?? [];
    if (count === undefined || name === undefined) break;
    const end = at + 1 + Number(count);
    logs.push({ name, lines: lines.slice(at + 1, end).filter((line) => line !== '') });
    at = end;
  }
  return logs;
}

export type UnitState = {
  /** False: systemd knows no such unit. */
  readonly exists: boolean;
  /** E.g. `active`, `inactive`, `failed`, `activating`. */
  readonly activeState: string;
  /** E.g. `running`, `dead`, `stop-sigterm`. */
  readonly subState: string;
  readonly mainPid: number | null;
  /** False: systemd does not start it again by itself. */
  readonly restarts: boolean;
  /** At most so many starts within so much time; null = any number, or systemd does not say. */
  readonly startLimit: StartLimit | null;
};

export type StartLimit = { readonly burst: number; readonly intervalMs: number };

/** Null when systemd did not answer, e.g. because the host has no systemd. */
export function parseUnitState(stdout: string): UnitState | null {
  const { LoadState, ActiveState, SubState = '', MainPID, Restart, ...limit } = pairs(stdout);
  if (LoadState === undefined || ActiveState === undefined) return null;
  const pid = Number(MainPID);
  return {
    exists: LoadState === 'loaded',
    activeState: ActiveState,
    subState: SubState,
    mainPid: Number.isInteger(pid) && pid > 0 ? pid : null,
    restarts: Restart !== undefined && Restart !== 'no',
    startLimit: startLimitOf(limit.StartLimitBurst, limit.StartLimitIntervalUSec),
  };
}

/** systemd switches the limit off when either is 0. */
function startLimitOf(burst: string | undefined, interval: string | undefined): StartLimit | null {
  const intervalMs = timespanMs(interval ?? '');
  return Number(burst) > 0 && intervalMs !== null && intervalMs > 0 ? { burst: Number(burst), intervalMs } : null;
}

const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  month: 2_629_800_000,
  y: 31_557_600_000,
};

/** E.g. `2min`, `1h 30min`, as `systemctl show` prints a length of time; null for anything else, e.g. `infinity`. */
function timespanMs(text: string): number | null {
  const parts = text.split(' ').map((part) => /^(\d+)([a-z]+)$/.exec(part));
  const lengths = parts.map((part) => Number(part?.[1]) * (unitMs[part?.[2] ?? ''] ?? Number.NaN));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return Number.isNaN(total) ? null : total;
}

export type UnitRights = {
  readonly user: string;
  readonly start: boolean;
  readonly stop: boolean;
  /** Only needed where the unit limits its starts. */
  readonly resetFailed: boolean;
};

/** Null when the answer cannot be read. */
export function parseUnitRights(stdout: string): UnitRights | null {
  const { user, start, stop, 'reset-failed': reset } = pairs(stdout);
  if (![start, stop, reset].every((word) => word === 'yes' || word === 'no') || !user) return null;
  return { user, start: start === 'yes', stop: stop === 'yes', resetFailed: reset === 'yes' };
}

function pairs(text: string): Partial<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
