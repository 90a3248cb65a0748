import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The settings of one node: what its fe.conf, be.conf or cn.conf says. Keys keep their case: LOG_DIR is not log_dir. */
export type Conf = ReadonlyMap<string, string>;

/** Reads `key = value` lines; `#` starts a comment line, the last of two equal keys wins, as in the real parsers. */
export function parseConf(text: string): Conf {
  return collect(text.split(/\r?\n/), /^([^#=][^=]*)=(.*)$/);
}

/** As Java reads fe.conf: other separators, other comments, lines that go on, and the signs that `\u` stands for. */
function parseProperties(text: string): Conf {
  const joined = text.replaceAll(/^[ \t\f]*[#!].*$/gm, '').replaceAll(/\\(\r\n|\r|\n)[ \t\f]*/g, '');
  const plain = joined.replaceAll(/\\u([0-9a-fA-F]{4})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return collect(plain.split(/[\r\n]+/), /^([^=:\s]+)\s*[=:\s]?\s*(.*)$/);
}

function collect(lines: readonly string[], pattern: RegExp): Conf {
  const conf = new Map<string, string>();
  for (const line of lines) {
    const [, key, value] = pattern.exec(line.trim()) ?? [];
    if (key !== undefined && value !== undefined) conf.set(key.trim(), unquote(value.trim()));
  }
  return conf;
}

/**
 * The variable of a host whose value is a directory with an fe.conf, a be.conf and a cn.conf: the `sandbox_` keys of every node
 * there, whoever installed it. What a node's own conf file says comes before them.
 */
export const settingsVariable = 'STARWARDEN_SANDBOX_SETTINGS';

/** A node's conf file. `${NAME}` is a variable of the process; a node does not start with one that is not set. */
export function readConf(file: string): Conf {
  const text = readFileSync(file, 'utf8');
  const conf = basename(file) === 'fe.conf' ? parseProperties(text) : parseConf(text);
  const withVariables = (value: string) =>
    value.replaceAll(/\$\{([^}]*)\}/g, (_all, name: string) => {
      const found = process.env[name];
      if (found === undefined) throw new Error(`no such env variable: ${name}`);
      return found;
    });
  // Keys in capitals are for the start script, which knows more of them.
  const own = [...conf].map(([key, value]) => [key, /^[A-Z]/.test(key) ? value : withVariables(value)] as const);
  return new Map([...settingsOfHost(basename(file)), ...own]);
}

function settingsOfHost(name: string): Conf {
  const dir = process.env[settingsVariable];
  return dir === undefined ? new Map() : parseConf(readFileSync(join(dir, name), 'utf8'));
}

export function confNumber(conf: Conf, key: string, fallback: number): number {
  const value = Number(conf.get(key) ?? fallback);
  if (!Number.isFinite(value)) throw new Error(`${key} = ${conf.get(key)} is not a number`);
  return value;
}

/** A path of the conf file. */
export function confPath(conf: Conf, key: string, fallback: string): string {
  return conf.get(key) ?? fallback;
}

/** A directory that the start script settles, which the conf file may move. */
export function startedDir(name: 'PID_DIR' | 'LOG_DIR', fallback: string): string {
  return process.env[name] ?? fallback;
}

function unquote(value: string): string {
  return /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value;
}
