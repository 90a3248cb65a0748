import { readFileSync } from 'node:fs';

/** The settings of one node: what its fe.conf, be.conf or cn.conf says. Keys keep their case: LOG_DIR is not log_dir. */
export type Conf = ReadonlyMap<string, string>;

/** Reads `key = value` lines; `#` starts a comment line, the last of two equal keys wins, as in the real parsers. */
export function parseConf(text: string): Conf {
  const conf = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    const equals = trimmed.indexOf('=');
    if (trimmed.startsWith('#') || equals <= 0) continue;
    conf.set(trimmed.slice(0, equals).trim(), unquote(trimmed.slice(equals + 1).trim()));
  }
  return conf;
}

export function readConf(file: string): Conf {
  return parseConf(readFileSync(file, 'utf8'));
}

export function confNumber(conf: Conf, key: string, fallback: number): number {
  const value = Number(conf.get(key) ?? fallback);
  if (!Number.isFinite(value)) throw new Error(`${key} = ${conf.get(key)} is not a number`);
  return value;
}

/** A path of the conf file, with the one variable that the shipped files use. */
export function confPath(conf: Conf, key: string, { fallback, home }: { fallback: string; home: string }): string {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell variable of the shipped conf files, not a template
  return (conf.get(key) ?? fallback).replaceAll('${STARROCKS_HOME}', home);
}

function unquote(value: string): string {
  return /^"[^"]*"$/.test(value) ? value.slice(1, -1) : value;
}
