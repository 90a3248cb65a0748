import { formatTime } from '../pace.ts';

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** `1.968 TB`, zero `0.000 B`; without the space it is the form of MemLimit. */
export function formatBytes(bytes: number, separator = ' '): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(3)}${separator}${units[unit]}`;
}

export function formatPercent(share: number, digits = 2): string {
  return `${(share * 100).toFixed(digits)} %`;
}

/** A column that is SQL NULL for as long as the moment has not come. */
export function timeOrNull(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}

/** `%` and `_` of SQL LIKE, without regard to case, which is how nearly every SHOW ... LIKE compares. */
export function isLike(value: string, pattern: string, { caseSensitive = false } = {}): boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '\\' && at + 1 < pattern.length) source += escapeChar(pattern.charAt(++at));
    else source += char === '%' ? '.*' : char === '_' ? '.' : escapeChar(char);
  }
  return new RegExp(`^${source}$`, caseSensitive ? 's' : 'is').test(value);
}

function escapeChar(char: string): string {
  return /[\w\s]/.test(char) ? char : `\\${char}`;
}
