import { AppError } from '../../errors.ts';
import type { Drive } from './drive.ts';

/** Lines that a step prints while it works, written to the run's events in batches. */
export type Output = { add(line: string): void; flush(): Promise<void>; close(): void };

const flushEveryMs = 500;
/** A step that prints more than this is cut off in the events; the whole text is on the host. */
const maxLines = 500;

export function makeOutput(drive: Drive, position: number): Output {
  let pending: string[] = [];
  let taken = 0;
  let writing: Promise<void> = Promise.resolve();
  const write = async () => {
    const lines = pending;
    pending = [];
    if (lines.length > 0)
      await drive.write({ events: lines.map((message) => ({ type: 'OUTPUT', step: position, message })) });
  };
  const flush = () => {
    writing = writing.then(write);
    return writing;
  };
  const timer = setInterval(() => {
    flush().catch((error: unknown) => {
      // A lost lease ends the step at its next effect; output that cannot be stored must not end it.
      if (!(error instanceof AppError))
        drive.deps.log.warn({ runId: drive.runId, err: error }, 'could not store output lines');
      writing = Promise.resolve();
    });
  }, flushEveryMs);
  return {
    add: (line) => {
      taken += 1;
      if (taken < maxLines) pending.push(line);
      else if (taken === maxLines) pending.push('(more output is not kept here)');
    },
    flush,
    close: () => clearInterval(timer),
  };
}
