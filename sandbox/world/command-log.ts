import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const logLine = z.object({ host: z.string(), command: z.string() });

export type Awaited = {
  /** The file that the hosts write: one JSON line a command. */
  readonly file: string;
  /** The name of the host. */
  readonly host: string;
  readonly match: RegExp;
  readonly timeoutMs: number;
};

/**
 * Resolves with the next command that the host receives over SSH and that matches: the moment to cut its connection, kill
 * its node or fill its disk. Commands from before the call do not count.
 */
export async function nextCommand({ file, host, match, timeoutMs }: Awaited): Promise<string> {
  let position = await sizeOf(file);
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(10)) {
    const text = await readFrom(file, position);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    position += Buffer.byteLength(whole);
    for (const line of whole.split('\n').filter(Boolean)) {
      const read = logLine.parse(JSON.parse(line));
      if (read.host === host && match.test(read.command)) return read.command;
    }
  }
  throw new Error(`${host} received no command like ${match} within ${timeoutMs} ms`);
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => ({ size: 0 }))).size;
}

async function readFrom(file: string, position: number): Promise<string> {
  const size = await sizeOf(file);
  if (size <= position) return '';
  await using handle = await open(file, 'r');
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - position), 0, size - position, position);
  return buffer.toString('utf8', 0, bytesRead);
}
