import { readFileSync, statSync } from 'node:fs';

/**
 * Lets the clock of this process be ahead by as many ms as the file says, so that weeks of backups have times weeks apart. Only
 * the time of day changes: what is waited for, heartbeats and elections are counted by the monotonic clock. Read again when
 * it changes; a file that is missing says 0.
 */
export function followClock(file: string): void {
  const readTime = Date.now;
  let known = { stamp: '', aheadMs: 0 };
  Date.now = () => {
    const { mtimeMs = 0, ino = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    const stamp = `${ino} ${mtimeMs}`;
    if (known.stamp !== stamp) known = { stamp, aheadMs: ino === 0 ? 0 : Number(readFileSync(file, 'utf8')) };
    return readTime() + known.aheadMs;
  };
}
