import type { NodeKind } from '../cluster.ts';
import { readConfFile } from '../node-conf.ts';
import type { Refusal } from '../plan.ts';
import { startEnvironment } from '../start-environment.ts';
import { nodePorts, portAliases } from './node-ports.ts';

/** One `key = value` that a person gives for a node's conf file. */
export type ConfOverride = { readonly key: string; readonly value: string };

/** Keys that fields of the input or Starwarden itself decide. */
const owned: Readonly<Record<string, string>> = {
  meta_dir: 'it is made from the field for the directory of metadata',
  storage_root_path: 'it is made from the field for storage',
  frontend_address: 'it follows from the address of the node',
  STARROCKS_HOME: 'it follows from the deploy directory',
  DORIS_HOME: 'it follows from the deploy directory',
  PID_DIR: 'the process is looked for by the pid file in the deploy directory',
};

/** As the reader of conf files hides them: what is in a plan can be read by everybody who may see the run. */
const secretKey = /pass|secret|token|credential|(access|private|account|shared|api)[_.]?key/i;

/**
 * Reads what people give for the conf file of one kind of node. Nothing is guessed and nothing swallowed: a line that cannot
 * be written into the file so that StarRocks reads exactly it is refused (`INVALID_INPUT`).
 */
export function readOverrides(
  kind: NodeKind,
  lines: readonly string[],
): { readonly overrides: readonly ConfOverride[]; readonly refusals: readonly Refusal[] } {
  const read = lines.map((line) => ({ line, ...readOverride(kind, line) }));
  const overrides = read.flatMap((each) => ('override' in each ? [each.override] : []));
  const why = read.flatMap((each) => ('why' in each ? [`"${shown(each.line)}": ${each.why}`] : []));
  const twice = overrides.filter(({ key }, index) => overrides.findIndex((other) => other.key === key) !== index);
  const repeated = [...new Set(twice.map(({ key }) => key))].map((key) => `${key} is given more than once`);
  return { overrides, refusals: [...why, ...repeated].map(refusal) };
}

function readOverride(kind: NodeKind, line: string): { override: ConfOverride } | { why: string } {
  if (/[\r\n]/.test(line)) return { why: 'it is more than one line' };
  if (!/^[\x20-\x7e\t]*$/.test(line)) return { why: 'a conf file takes plain ASCII text only' };
  const at = line.indexOf('=');
  if (at === -1) return { why: 'it has the form key = value' };
  const typed = line.slice(0, at).trim();
  const value = line.slice(at + 1).trim();
  if (!/^[A-Za-z][A-Za-z0-9_.]*$/.test(typed)) return { why: `"${typed}" is not the name of a setting` };
  if (value === '') return { why: 'it has no value' };
  if (value.length > 4_000) return { why: 'a value of more than 4,000 characters is too long' };
  const key = Object.entries(portAliases).find(([, alias]) => alias === typed)?.[0] ?? typed;
  const problem = whyNot(kind, { key, value });
  return problem === null ? { override: { key, value } } : { why: problem };
}

function whyNot(kind: NodeKind, { key, value }: ConfOverride): string | null {
  const reserved = owned[key];
  if (reserved !== undefined) return reserved;
  if (key.startsWith('doris_')) return 'write the key without doris_, as StarRocks reads it';
  if (secretKey.test(key)) return 'a plan can be read by others, so a secret is written into the file on the host';
  if (key in nodePorts[kind]) return isPort(value) ? null : `${value} is not a port`;
  if (/_port$/.test(key)) {
    return `a ${words[kind]} has no ${key} that is known here; it has ${Object.keys(nodePorts[kind]).join(', ')}`;
  }
  return whyReadOtherwise(kind, { key, value });
}

/** Not null where the program or its start script would read something else than was given. */
function whyReadOtherwise(kind: NodeKind, { key, value }: ConfOverride): string | null {
  const text = `${key} = ${value}\n`;
  const isForScripts = /^[A-Z][A-Z0-9_]*$/.test(key);
  const { settings, broken } = readConfFile(kind, text);
  const [found] = settings;
  if (broken !== null || settings.length !== 1 || found?.key !== key || found.value !== value) {
    return broken ?? `a ${words[kind]} would read it as "${found?.key ?? ''} = ${found?.value ?? ''}"`;
  }
  // A shell expands these when the node starts: only what it makes of them can be foreseen is taken.
  if (isForScripts && /[`]|\$\(/.test(value)) return 'a shell would run a command in it when the node starts';
  const started = isForScripts ? startEnvironment(text, { kind, home: '/home' }).get(key) : undefined;
  return started !== undefined && 'unknown' in started
    ? `the start script would not take it: ${started.unknown}`
    : null;
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

const words = { FRONTEND: 'frontend', BACKEND: 'backend', COMPUTE_NODE: 'compute node' } as const;

/** Only the key of what may be a secret is repeated. */
function shown(line: string): string {
  const [key = ''] = line.split('=');
  return secretKey.test(key) ? `${key.trim()} = …` : line.slice(0, 200).replace(/[\r\n]/g, ' ');
}

function refusal(message: string): Refusal {
  return {
    code: 'INVALID_INPUT',
    message: `The conf has ${message}`,
    hint: 'Write each setting once, as key = value.',
    path: ['conf'],
  };
}

/** Every port that the node will listen on, by its key: what is given, else StarRocks' default. */
export function portsOf(kind: NodeKind, overrides: readonly ConfOverride[]): Readonly<Record<string, number>> {
  const given = new Map(overrides.map(({ key, value }) => [key, value]));
  return Object.fromEntries(
    Object.entries(nodePorts[kind]).map(([key, usual]) => [key, Number(given.get(key) ?? usual)]),
  );
}
