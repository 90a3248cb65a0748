import type { NodeKind } from '../../domain/cluster.ts';
import type { Known } from '../../domain/known.ts';
import type { ShellReader } from './port.ts';
import { readConfOn } from './read-node-conf.ts';

export type LogDirs = {
  /** Where the start script writes what the program says before its log is open. */
  readonly outDir: Known<string>;
  /** Where the program writes its own log. */
  readonly logDir: Known<string>;
};

/** Where a node writes its logs, as its configuration and its process say. */
export async function readLogDirs(
  shell: ShellReader,
  { kind, deployDir }: { readonly kind: NodeKind; readonly deployDir: string },
  signal: AbortSignal,
): Promise<LogDirs> {
  const conf = await readConfOn(shell, { kind, deployDir }, { keys: ['sys_log_dir'], names: ['LOG_DIR'], signal });
  if (typeof conf === 'string') return { outDir: { unknown: conf }, logDir: { unknown: conf } };
  const outDir = absoluteOr(conf.started('LOG_DIR'), { value: `${deployDir}/log` });
  return { outDir, logDir: absoluteOr(conf.text('sys_log_dir'), outDir) };
}

function absoluteOr(told: Known<string | null>, usual: Known<string>): Known<string> {
  if ('unknown' in told) return told;
  const { value } = told;
  if (value === null || value === '') return usual;
  return value.startsWith('/') ? { value } : { unknown: `its log directory is given as ${value}` };
}
