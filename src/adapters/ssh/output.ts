import { StringDecoder } from 'node:string_decoder';
import { createRedactor } from '../redact.ts';
import type { Marks } from './session-commands.ts';

export type CollectorOptions = {
  /** The command's own output is the text between these two. */
  readonly marks: Marks;
  readonly secrets: readonly string[];
  readonly maxBytes: number;
  readonly onLine: (line: string) => void;
};

export type Collector = {
  push(chunk: Buffer): void;
  /** To be called when no more bytes will come. */
  end(): void;
  /** The command's own output, redacted. */
  text(): string;
  /** The text before the first mark, redacted and cut: the login's own output. */
  preamble(): string;
  /** The shell's line of /proc after the first mark; null until it was read. */
  startLine(): string | null;
  /** The exit code after the last mark; null until it was read. */
  exitCode(): number | null;
};

const longestLine = 4_096;
const longestPreamble = 262_144;
const shownPreamble = 2_048;

/** Turns the bytes of one output stream into redacted lines and one redacted, bounded text. */
export function createCollector({ marks, secrets, maxBytes, onLine }: CollectorOptions): Collector {
  const decoder = new StringDecoder('utf8');
  const { redact, longest } = createRedactor(secrets);
  /** The last mark is not the command's output, and does not count towards its size. */
  const maxReceivedBytes = maxBytes + marks.end.length + 6;
  let preamble = '';
  let startLine: string | null = null;
  let exitCode: number | null = null;
  let receivedBytes = 0;
  let isCut = false;
  let pending = '';
  /** An empty line is only passed on with the next line: the last mark brings one that is not the command's. */
  let emptyLines = 0;
  const kept: string[] = [];

  const emit = (line: string) => onLine(line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);
  const keep = (line: string, ending = '\n') => {
    kept.push(`${line}${ending}`);
    emit(line);
  };
  const tellEmptyLines = () => {
    for (; emptyLines > 0; emptyLines -= 1) keep('');
  };
  const takeLine = (line: string) => {
    const code = endMark(line, marks.end);
    if (code !== null) {
      exitCode = code;
      // Either the empty line before the mark belongs to the mark, or the command's last line had no newline of its own.
      if (emptyLines > 0) emptyLines -= 1;
      else kept.push((kept.pop() ?? '').replace(/\n$/, ''));
      tellEmptyLines();
    } else if (line === '') emptyLines += 1;
    else {
      tellEmptyLines();
      keep(redact(line));
    }
  };
  const takeLines = () => {
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (exitCode === null && !isCut) takeLine(line);
  };
  const takeStart = () => {
    const found = startMark(pending, marks.start);
    if (found === null) {
      // Output of a shell's start files is useless: if there is much of it, only what may hold the mark is kept, and some
      // of its beginning.
      if (pending.length > longestPreamble) pending = `${pending.slice(0, shownPreamble)}\n${pending.slice(-8_192)}`;
      return;
    }
    preamble = pending.slice(0, found.from);
    startLine = found.line;
    pending = pending.slice(found.to);
    receivedBytes = Buffer.byteLength(pending);
  };
  const cut = () => {
    isCut = true;
    tellEmptyLines();
    const isMark = pending.startsWith(marks.end) || marks.end.startsWith(pending);
    const rest = isMark ? '' : redact(pending);
    // The end may be the first half of a secret.
    const safe = rest.slice(0, Math.max(0, rest.length - longest));
    const notice = `[output cut after ${maxBytes} bytes]`;
    kept.push(safe, safe === '' ? '' : '\n', notice, '\n');
    emit(notice);
  };
  /** In output that is not kept any more, only the last mark matters. */
  const lookForEnd = (text: string) => {
    pending = `${pending}${text}`;
    const lines = pending.split('\n');
    pending = (lines.pop() ?? '').slice(-1_024);
    for (const line of lines) exitCode ??= endMark(line, marks.end);
  };

  return {
    push(chunk) {
      if (exitCode !== null) return;
      if (isCut) return lookForEnd(decoder.write(chunk));
      receivedBytes += chunk.length;
      const excess = startLine === null ? 0 : Math.min(chunk.length, Math.max(0, receivedBytes - maxReceivedBytes));
      pending += decoder.write(chunk.subarray(0, chunk.length - excess));
      if (startLine === null) takeStart();
      if (startLine === null) return;
      takeLines();
      if (exitCode !== null || receivedBytes <= maxReceivedBytes) return;
      cut();
      lookForEnd(decoder.write(chunk.subarray(chunk.length - excess)));
    },
    end() {
      if (isCut || exitCode !== null) return;
      pending += decoder.end();
      if (startLine === null) preamble = pending;
      else {
        takeLines();
        tellEmptyLines();
        if (pending !== '') keep(redact(pending), '');
      }
      pending = '';
    },
    text: () => kept.join(''),
    preamble: () => redact(preamble).slice(0, shownPreamble),
    startLine: () => startLine,
    exitCode: () => exitCode,
  };
}

/** The mark counts only with a line of /proc after it: a login that prints our text prints no mark. */
function startMark(text: string, mark: string): { from: number; to: number; line: string } | null {
  for (let from = text.indexOf(`${mark} `); from >= 0; from = text.indexOf(`${mark} `, from + 1)) {
    const to = text.indexOf('\n', from);
    if (to < 0) return null;
    const line = text.slice(from + mark.length + 1, to);
    if (/^\d+ \(.*\) [A-Za-z]( -?\d+){19,}$/.test(line)) return { from, to: to + 1, line };
  }
  return null;
}

/** A line that is the mark and an exit code, and nothing else. */
function endMark(line: string, mark: string): number | null {
  if (!line.startsWith(`${mark} `)) return null;
  const code = line.slice(mark.length + 1);
  return /^\d{1,3}$/.test(code) ? Number(code) : null;
}
