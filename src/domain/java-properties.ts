/** One line of a configuration file that sets something, as the program that reads the file understands it. */
export type ConfSetting = {
  readonly key: string;
  readonly value: string;
  /** The number of the line where it begins, counted from 1. */
  readonly line: number;
};

export type ConfFile = {
  /** In the file's order; of two with the same key the later one counts. */
  readonly settings: readonly ConfSetting[];
  /** Why the program that reads the file would refuse all of it; null = it would not. */
  readonly broken: string | null;
};

/**
 * Reads a text as `java.util.Properties` does, which is how a frontend reads fe.conf: `=`, `:` or blanks between key and
 * value, `#` and `!` before a comment, a backslash at the end of a line that continues, `\t \n \r \f` and `\u` with four
 * digits. Blanks at the end of a value are part of it.
 */
export function readProperties(text: string): ConfFile {
  const settings: ConfSetting[] = [];
  for (const { content, line } of logicalLines(text)) {
    const [, key = '', value = ''] = /^((?:[^\\=: \t\f]|\\[\s\S])*)[ \t\f]*[=:]?[ \t\f]*([\s\S]*)$/.exec(content) ?? [];
    const [plainKey, plainValue] = [unescaped(key), unescaped(value)];
    if (plainKey === null || plainValue === null) {
      return { settings: [], broken: `line ${line} has \\u without four hexadecimal digits behind it` };
    }
    settings.push({ key: plainKey, value: plainValue, line });
  }
  return { settings, broken: null };
}

/** The lines, joined where a backslash continues them; comments and empty lines are left out. */
function logicalLines(text: string): { content: string; line: number }[] {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.replace(/^[ \t\f]+/, ''));
  const found: { content: string; line: number }[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    let last = lines[at] ?? '';
    // A comment does not continue, whatever it ends with.
    if (last === '' || last.startsWith('#') || last.startsWith('!')) continue;
    const parts: string[] = [];
    // For a line that is only a backslash, the next line begins anew, and may be a comment.
    while (goesOn(last) && !(parts.length === 0 && last === '\\')) {
      parts.push(last.slice(0, -1));
      at += 1;
      last = lines[at] ?? '';
    }
    if (parts.length > 0 || last !== '\\') found.push({ content: [...parts, last].join(''), line });
  }
  return found;
}

function goesOn(line: string): boolean {
  let backslashes = 0;
  while (line.charAt(line.length - 1 - backslashes) === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Null for an escape that Java refuses. */
function unescaped(text: string): string | null {
  if (/(?:^|[^\\])(?:\\\\)*\\u(?![0-9A-Fa-f]{4})/.test(text)) return null;
  return text.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|([\s\S]?))/g, (_all, digits: string | undefined, plain = '') =>
    digits === undefined ? (escapes[plain] ?? plain) : String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
