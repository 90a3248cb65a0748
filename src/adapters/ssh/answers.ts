/** A process, distinguished from a later one with the same number by its start time in clock ticks since boot. */
export type NodeProcess = {
  readonly pid: number;
  readonly comm: string;
  readonly startedAtTicks: string;
  /** The pid file that names the process; null = none does, so its stop script would not find it. */
  readonly pidFile: string | null;
};

export type DiskSpace = { readonly totalBytes: number; readonly freeBytes: number; readonly mountPoint: string };

/** The process that a node runs as; null when none runs; `unknown` when the answer cannot be read. */
export function parseNodeProcess(stdout: string): NodeProcess | null | 'unknown' {
  if (stdout.trim() === 'none') return null;
  const fields = pairs(stdout, ' ');
  const pid = wholeNumber(fields.pid);
  const { comm, startedAtTicks, pidFile } = fields;
  if (pid === null || !comm || !startedAtTicks || pidFile === undefined) return 'unknown';
  return { pid, comm, startedAtTicks, pidFile: pidFile === '' ? null : pidFile };
}

/** Null when the answer cannot be read: then nobody knows, and the process counts neither as running nor as ended. */
export function parseAlive(stdout: string): boolean | null {
  const word = stdout.trim();
  return word === 'alive' ? true : word === 'gone' ? false : null;
}

export function parseEnvironment(stdout: string): ReadonlyMap<string, string> {
  const lines = stdout.split('\n').filter((line) => line.includes('='));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Reads the POSIX format of `df`; null when the text is something else. */
export function parseDiskFree(stdout: string): DiskSpace | null {
  const [, totalKb, freeKb, mountPoint] = /^\S.*\s(\d+)\s+\d+\s+(\d+)\s+\S+%\s+(\/.*)$/m.exec(stdout) ?? [];
  if (totalKb === undefined || freeKb === undefined || mountPoint === undefined) return null;
  return { totalBytes: Number(totalKb) * 1_024, freeBytes: Number(freeKb) * 1_024, mountPoint };
}

function pairs(text: string, separator: string): Partial<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes(separator));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(separator);
      return [line.slice(0, at), line.slice(at + 1).trim()];
    }),
  );
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
