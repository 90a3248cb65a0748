import { readBackendConf } from './backend-conf.ts';
import type { NodeKind } from './cluster.ts';
import { type ConfFile, readProperties } from './java-properties.ts';
import type { Known } from './known.ts';
import { startEnvironment } from './start-environment.ts';

/** A node's configuration, as the node itself and its start scripts read it. */
export type NodeConf = {
  /** The value that the program uses; null = the key is absent, so StarRocks' default holds. */
  readonly text: (key: string) => Known<string | null>;
  /** A port; `fallback` is StarRocks' default, and is used only where the key is absent. */
  readonly port: (key: string, fallback: number) => Known<number>;
  /** The value that the start scripts give to the process; null = they do not set it. */
  readonly started: (name: string) => Known<string | null>;
};

export type ConfSource = {
  readonly kind: NodeKind;
  /** The text of fe.conf, be.conf or cn.conf. */
  readonly confText: string;
  /** The node's directory. */
  readonly home: string;
  /** Variables of the running process: those that come from the login are not in the file. */
  readonly running?: ReadonlyMap<string, string>;
};

/** The settings of the file as the program reads them: a frontend as Java properties, the others in their own way. */
export function readConfFile(kind: NodeKind, confText: string): ConfFile {
  return kind === 'FRONTEND' ? readProperties(confText) : readBackendConf(confText);
}

/** The variables that these keys depend on: `${…}` in their values. */
export function variablesIn({ kind, confText }: Pick<ConfSource, 'kind' | 'confText'>, keys: readonly string[]) {
  const { settings } = readConfFile(kind, confText);
  const values = settings.filter(({ key }) => keys.includes(key)).map(({ value }) => value);
  const names = values.flatMap((value) => [...value.matchAll(variable)].map(([, name = '']) => name));
  return [...new Set(names)].filter((name) => /^[A-Za-z_]\w*$/.test(name));
}

export function readNodeConf(source: ConfSource): NodeConf {
  const { settings, broken } = readConfFile(source.kind, source.confText);
  const environment = startEnvironment(source.confText, source);
  const started = (name: string): Known<string | null> => {
    const written = environment.get(name) ?? { value: null };
    if ('value' in written && written.value !== null) return written;
    const running = source.running?.get(name);
    return running === undefined ? written : { value: running };
  };
  const text = (key: string): Known<string | null> => {
    if (broken !== null) return { unknown: broken };
    const found = settings.findLast((setting) => setting.key === key);
    if (found === undefined) return { value: null };
    const replaced = withVariables(found.value, (name) => variableOf(name, { source, started }));
    if ('unknown' in replaced) return { unknown: `${key} in line ${found.line}: ${replaced.unknown}` };
    // A frontend ignores a key without a value.
    if (source.kind === 'FRONTEND' && replaced.value === '') return { value: null };
    return { value: replaced.value.trim() };
  };
  return { started, text, port: (key, fallback) => portOf(key, { found: text(key), fallback }) };
}

const variable = /\$\{([^}]*)\}/g;

function withVariables(text: string, lookUp: (name: string) => Known<string | null>): Known<string> {
  let unknown: string | null = null;
  const value = text.replaceAll(variable, (whole, name: string) => {
    const found = lookUp(name);
    if ('value' in found && found.value !== null) return found.value;
    unknown ??= 'unknown' in found ? found.unknown : `${whole} is not set in the file, and no process was asked`;
    return whole;
  });
  return unknown === null ? { value } : { unknown };
}

type Lookup = { readonly source: ConfSource; readonly started: NodeConf['started'] };

/** A frontend first uses the properties of its JVM, which JAVA_OPTS may set, and whose names may have dots. */
function variableOf(name: string, { source, started }: Lookup): Known<string | null> {
  const isProperty = source.kind === 'FRONTEND' && (name.includes('.') || source.confText.includes(`-D${name}=`));
  return isProperty ? { unknown: `\${${name}} is a property of the JVM` } : started(name);
}

function portOf(key: string, { found, fallback }: { found: Known<string | null>; fallback: number }): Known<number> {
  if ('unknown' in found) return found;
  if (found.value === null) return { value: fallback };
  const port = /^\+?\d{1,20}$/.test(found.value) ? Number(found.value) : 0;
  return port >= 1 && port <= 65_535
    ? { value: port }
    : { unknown: `${key} = "${found.value.slice(0, 40)}" is no port` };
}
