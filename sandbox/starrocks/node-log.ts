import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatTime } from './pace.ts';

export type Level = 'INFO' | 'WARN' | 'ERROR';
export type NodeLog = (level: Level, message: string) => void;

type Options = { dir: string; main: string; warnings: string };

/**
 * The log files of a node: everything in one, warnings once more in the other, as the real nodes do.
 * A log that cannot be written (a full disk) must not take the node down with it.
 */
export function createNodeLog({ dir, main, warnings }: Options): NodeLog {
  mkdirSync(dir, { recursive: true });
  return (level, message) => {
    const now = Date.now();
    const line = `${formatTime(now)}.${String(now % 1000).padStart(3, '0')} ${level} ${message}\n`;
    try {
      appendFileSync(join(dir, main), line);
      if (level !== 'INFO') appendFileSync(join(dir, warnings), line);
    } catch {
      process.stderr.write(line);
    }
  };
}

export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
