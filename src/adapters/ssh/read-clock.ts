import { parseClock } from './host-answers.ts';
import { clock } from './host-commands.ts';
import type { ReadCommand, ShellResult } from './port.ts';

/**
 * By how much the host's clock is ahead of ours; null when it does not tell the time. The connection should be open by
 * now, so that the round trip is short: the true time is uncertain by half of it.
 */
export async function readClock(
  run: (command: ReadCommand) => Promise<ShellResult>,
): Promise<{ aheadMs: number; withinMs: number } | null> {
  const sentAt = Date.now();
  const hostTime = parseClock((await run(clock())).stdout);
  const backAt = Date.now();
  if (hostTime === null) return null;
  const withinMs = Math.ceil((backAt - sentAt) / 2);
  return { aheadMs: hostTime.getTime() - (sentAt + withinMs), withinMs };
}
