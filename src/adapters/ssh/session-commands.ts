/** Distinguishes a command's own output, on one stream, from what the login prints before and after it. */
export type Marks = {
  /** Followed, on the same line, by the shell's line of /proc. */
  readonly start: string;
  /** Followed, on the same line, by the command's exit code. */
  readonly end: string;
};

/** `id`: letters, digits and `-`, never used before. */
export function marksOf(id: string, stream: 'stdout' | 'stderr'): Marks {
  return { start: `starwarden:${id}:${stream}:start`, end: `starwarden:${id}:${stream}:end` };
}

/**
 * A command as it goes to the host: run by `/bin/sh` whatever the login shell is, with marks around its output on both
 * streams. The first mark names the process group. The last comes when the command has ended, with the command's exit
 * code, because that of the session may be the login's.
 *
 * The command is in a subshell, so that its `exit` does not skip the last mark, and on lines of its own. No mark is
 * written as a whole in the text: so a login that prints the text it was given is not taken for an answer.
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
      // Output that does not end with a newline gets one; it is removed again later.
      `${mark('\\n%s:end %s\\n', '$starwardenCode')}; exit "$starwardenCode"`,
    ].join('\n'),
  );
}

/**
 * One line that sh, bash, ksh, zsh, csh, tcsh and fish read in the same way. Within single quotes csh allows no line end
 * and expands `!`, and fish reads `\'` and `\\` as escapes: so the line has none of these characters, and `printf %b`
 * makes them.
 */
function throughLogin(script: string): string {
  const plain = [...Buffer.from(script)].map((byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && !"'\\!".includes(String.fromCharCode(byte));
    return isPlain ? String.fromCharCode(byte) : byte === 0x0a ? '\\n' : `\\0${byte.toString(8).padStart(3, '0')}`;
  });
  return `exec /bin/sh -c 'eval "$(printf %b "$1")"' sh '${plain.join('')}'`;
}
