import { StringDecoder } from 'node:string_decoder';
import { createRedactor } from '../redact.ts';

export type CollectorOptions = {
  /** What precedes the command's own output, up to and with a line that begins with this, is dropped. */
  readonly marker: string;
  readonly secrets: readonly string[];
  readonly maxBytes: number;
  readonly onLine: (line: string) => void;
};

export type Collector = {
  push(chunk: Buffer): void;
  /** No more will come. */
  end(): void;
  text(): string;
  /** The marker's line without the marker; null until it was seen. */
  markerLine(): string | null;
};

const longestLine = 4_096;
const longestPreamble = 262_144;

/** Turns the bytes of one output stream into redacted lines and one redacted, bounded text. */
export function createCollector({ marker, secrets, maxBytes, onLine }: CollectorOptions): Collector {
  const decoder = new StringDecoder('utf8');
  const { redact, longest } = createRedactor(secrets);
  let markerLine: string | null = null;
  let receivedBytes = 0;
  let isCut = false;
  let pending = '';
  const kept: string[] = [];

  const emit = (line: string) => onLine(line.length > longestLine ? `${line.slice(0, longestLine)}…` : line);
  const takeLines = () => {
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines.map(redact)) {
      kept.push(`${line}\n`);
      emit(line);
    }
  };
  const takeMarker = () => {
    const found = pending.indexOf(`${marker} `);
    const lineEnd = found < 0 ? -1 : pending.indexOf('\n', found);
    if (lineEnd < 0) {
      // Noise of a shell's start files is of no use: of a long one only as much is kept as a marker may need.
      if (pending.length > longestPreamble) pending = pending.slice(-1_024);
      return;
    }
    markerLine = pending.slice(found + marker.length + 1, lineEnd);
    pending = pending.slice(lineEnd + 1);
    receivedBytes = Buffer.byteLength(pending);
  };
  const cut = () => {
    isCut = true;
    const rest = redact(pending);
    // The end may be the first half of a secret.
    const safe = rest.slice(0, Math.max(0, rest.length - longest));
    const notice = `[output cut after ${maxBytes} bytes]`;
    kept.push(safe, safe === '' ? '' : '\n', notice, '\n');
    pending = '';
    emit(notice);
  };

  return {
    push(chunk) {
      if (isCut) return;
      receivedBytes += chunk.length;
      const isTooMuch = markerLine !== null && receivedBytes > maxBytes;
      const usable = isTooMuch ? chunk.subarray(0, Math.max(0, chunk.length - (receivedBytes - maxBytes))) : chunk;
      pending += decoder.write(usable);
      if (markerLine === null) takeMarker();
      if (markerLine === null) return;
      takeLines();
      if (isTooMuch || receivedBytes > maxBytes) cut();
    },
    end() {
      if (isCut) return;
      pending += decoder.end();
      takeLines();
      if (pending === '') return;
      const last = redact(pending);
      pending = '';
      kept.push(last);
      emit(last);
    },
    text: () => kept.join(''),
    markerLine: () => markerLine,
  };
}
