import type { NodeKind } from './cluster.ts';
import type { ConfSetting } from './java-properties.ts';
import type { Known } from './known.ts';

/**
 * The lines that StarRocks' start scripts export, as the shell gets them: keys in capitals with a `=`. The scripts know
 * no other separator, and do not read a last line that has no newline.
 */
export function readStartLines(text: string): ConfSetting[] {
  return shellLines(text).flatMap(({ content, line }) => {
    const words = content.split(/[ \t]+/).filter((word) => word !== '');
    const [, key, value] = /^([A-Z][A-Z0-9_]*)=([\s\S]*)$/.exec(words.join(' ').replaceAll(/ ?= ?/g, '=')) ?? [];
    return key === undefined || value === undefined ? [] : [{ key, value, line }];
  });
}

/**
 * The variables that the start scripts of a node in `home` give to the process, as far as the node's conf file shows. A
 * value for which a shell would be needed (a command, a variable of the login, a pattern) is unknown; nothing is run
 * here.
 */
export function startEnvironment(
  text: string,
  { kind, home }: { readonly kind: NodeKind; readonly home: string },
): ReadonlyMap<string, Known<string>> {
  const environment = new Map<string, Known<string>>([
    ['STARROCKS_HOME', { value: home }],
    ['DORIS_HOME', { value: home }],
    ['LOG_DIR', { value: `${home}/log` }],
    ['PID_DIR', { value: `${home}/bin` }],
  ]);
  if (kind !== 'FRONTEND') environment.set('UDF_RUNTIME_DIR', { value: `${home}/lib/udf-runtime` });
  for (const { key, value } of readStartLines(text)) environment.set(key, expanded(value, environment));
  return environment;
}

/**
 * Lines as `read` without `-r` gives them: a backslash takes the special meaning from the next character, also from the
 * end of a line.
 */
function shellLines(text: string): { content: string; line: number }[] {
  const found: { content: string; line: number }[] = [];
  let [content, line, next] = ['', 1, 1];
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === '\\') {
      at += 1;
      if (text.charAt(at) === '\n') next += 1;
      else content += text.charAt(at);
    } else if (sign === '\n') {
      found.push({ content, line });
      next += 1;
      [content, line] = ['', next];
    } else {
      content += sign;
    }
  }
  return found;
}

type Environment = ReadonlyMap<string, Known<string>>;

/** What `eval "echo KEY=value"` prints after the `=`, as far as that can be found out without a shell. */
function expanded(text: string, environment: Environment): Known<string> {
  let value = '';
  let quotes: '"' | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === '"') {
      quotes = quotes === null ? '"' : null;
    } else if (sign === "'" && quotes === null) {
      const end = text.indexOf("'", at + 1);
      if (end === -1) return { unknown: 'a quote is not closed' };
      value += text.slice(at + 1, end);
      at = end;
    } else if (sign === '\\') {
      at += 1;
      const next = text.charAt(at);
      value += quotes === null || '$`"\\'.includes(next) ? next : `\\${next}`;
    } else if (sign === '$') {
      const found = variableAt(text.slice(at), { isQuoted: quotes !== null, environment });
      if ('unknown' in found) return found;
      value += found.value;
      at += found.length - 1;
    } else if (sign === '#' && quotes === null && text.charAt(at - 1) === ' ') {
      return { value: value.trimEnd() };
    } else if (sign === '`' || (quotes === null && /[;&|<>()*?[{}~]/.test(sign))) {
      return { unknown: `a shell makes something else of "${sign}"` };
    } else {
      value += sign;
    }
  }
  return quotes === null ? { value } : { unknown: 'a quote is not closed' };
}

function variableAt(
  text: string,
  { isQuoted, environment }: { readonly isQuoted: boolean; readonly environment: Environment },
): { readonly value: string; readonly length: number } | { readonly unknown: string } {
  const [whole, braced, plain] = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(text) ?? [];
  const name = braced ?? plain;
  if (whole === undefined || name === undefined) {
    const isPlain = /^\$(?:[ /=.,:%+\]]|$)/.test(text) || (isQuoted && text.startsWith('$"'));
    return isPlain ? { value: '$', length: 1 } : { unknown: `a shell makes something else of "${text.slice(0, 2)}"` };
  }
  const found = environment.get(name);
  if (found === undefined) return { unknown: `$${name} is not set in the file` };
  if ('unknown' in found) return { unknown: `$${name}: ${found.unknown}` };
  if (!isQuoted && /[\s*?[]/.test(found.value)) return { unknown: `$${name} stands there without quotes` };
  return { value: found.value, length: whole.length };
}
