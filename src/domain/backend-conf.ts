import type { ConfFile } from './java-properties.ts';

/**
 * Reads be.conf or cn.conf as a backend does: `key = value`, one on a line, separated by the first `=`; `#` begins a
 * comment only at the beginning of a line; quotes and backslashes are part of the value. A line without `=` sets its key
 * to nothing. Keys from before the name StarRocks lose their prefix `doris_`.
 */
export function readBackendConf(text: string): ConfFile {
  const settings = text.split('\n').flatMap((raw, index) => {
    const line = stripped(raw);
    if (line === '' || line.startsWith('#')) return [];
    const at = line.indexOf('=');
    const key = stripped(at === -1 ? line : line.slice(0, at)).replace(/^doris_/, '');
    const value = at === -1 ? '' : stripped(line.slice(at + 1));
    return [{ key, value, line: index + 1 }];
  });
  return { settings, broken: null };
}

/** The text without the blanks around it that C knows; other programs know more kinds of blanks. */
function stripped(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charAt(start))) start += 1;
  while (end > start && isBlank(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(sign: string): boolean {
  return ' \t\n\v\f\r'.includes(sign);
}
