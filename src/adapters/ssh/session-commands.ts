/** What tells a command's own output, on one stream, from what the login prints before and behind it. */
export type Marks = {
  /** Behind this, on the same line, stands the shell's line of /proc. */
  readonly start: string;
  /** Behind this, on the same line, stands the command's exit code. */
  readonly end: string;
};

/** `id`: letters, digits and `-`, never used before. */
export function marksOf(id: string, stream: 'stdout' | 'stderr'): Marks {
  return { start: `starwarden:${id}:${stream}:start`, end: `starwarden:${id}:${stream}:end` };
}

/**
 * A command as it goes to the host: run by `/bin/sh` whatever the login shell is, with marks around its output on both
 * streams. The first names the process group; the last comes when the command has ended, with its exit code, since that of
 * the session may be the login's.
 *
 * The command is in a subshell, so that its `exit` does not skip the last mark, and on lines of its own. Nothing of the marks
 * stands whole in the text: a login that prints what it was asked for is not taken for an answer.
 */
export function inSession(text: string, id: string): string {
  const mark = (format: string, value: string) =>
    `printf '${format}' "$starwarden:stdout" "${value}"; printf '${format}' "$starwarden:stderr" "${value}" >&2`;
  return throughLogin(
    [
      'set --; read -r starwardenStat </proc/$$/stat',
      `starwarden=starwarden; starwarden=$starwarden:${id}; ${mark('%s:start %s\\n', '$starwardenStat')}`,
      'unset starwarden starwardenStat',
      '(',
      text,
      ')',
      `starwardenCode=$?; starwarden=starwarden; starwarden=$starwarden:${id}`,
      // Output that does not end with a newline gets one; it is taken away again.
      `${mark('\\n%s:end %s\\n', '$starwardenCode')}; exit "$starwardenCode"`,
    ].join('\n'),
  );
}

/**
 * One line that sh, bash, ksh, zsh, csh, tcsh and fish take in the same way. Within single quotes csh lets no line end and
 * looks for `!`, and fish knows `\'` and `\\`: none of these characters is there, `printf %b` makes them.
 */
function throughLogin(script: string): string {
  const plain = [...Buffer.from(script)].map((byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && !"'\\!".includes(String.fromCharCode(byte));
    return isPlain ? String.fromCharCode(byte) : byte === 0x0a ? '\\n' : `\\0${byte.toString(8).padStart(3, '0')}`;
  });
  return `exec /bin/sh -c 'eval "$(printf %b "$1")"' sh '${plain.join('')}'`;
}
