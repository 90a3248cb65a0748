import type { ReadCommand, ShellCommand } from './port.ts';
import { quote, wholeNumber } from './quote.ts';
import { absolute, read } from './shell-text.ts';

type Arriving = {
  readonly remotePath: string;
  /** Where the bytes arrive before the rename. */
  readonly temporary: string;
};

/** How many bytes have arrived; read the answer with `parseArrived`. */
export function arrivedBytes({ remotePath, temporary }: Arriving): ReadCommand {
  const size = (path: string) => `$(stat -Lc %s -- ${quote(absolute(path))} 2>/dev/null)`;
  return read('arrived-bytes', [`echo "whole=${size(remotePath)} part=${size(temporary)}"`]);
}

/** Null for a file that is not there; null for both when the answer cannot be read. */
export function parseArrived(stdout: string): { whole: number | null; part: number | null } {
  const [, whole = '', part = ''] = /^whole=(\d*) part=(\d*)$/m.exec(stdout) ?? [];
  const bytes = (digits: string) => (digits === '' ? null : Number(digits));
  return { whole: bytes(whole), part: bytes(part) };
}

type Receiving = Arriving & {
  /** How many bytes are there already; the rest is sent. */
  readonly from: number;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly keepsPart: boolean;
};

/** Takes a file from standard input, for a host without SFTP: writes it beside the target and renames it last. */
export function receiveFile({ remotePath, temporary, from, sizeBytes, mode, keepsPart }: Receiving): ShellCommand {
  const [part, target] = [quote(absolute(temporary)), quote(absolute(remotePath))];
  const size = `"$(stat -c %s -- ${part})"`;
  const text = [
    `fail() { ${keepsPart ? ':' : `rm -f -- ${part}`}; exit 1; }`,
    from === 0 ? `: >${part} || fail` : `[ ${size} = ${wholeNumber(from)} ] || fail`,
    `cat >>${part} || fail`,
    `[ ${size} = ${wholeNumber(sizeBytes)} ] || { echo ${size} of ${wholeNumber(sizeBytes)} bytes arrived >&2; fail; }`,
    `chmod ${mode.toString(8)} ${part} || fail`,
    `sync -- ${part} 2>/dev/null || :`,
    `mv -fT -- ${part} ${target} || fail`,
  ];
  return { name: 'receive-file', text: text.join('\n'), effect: 'change' };
}
