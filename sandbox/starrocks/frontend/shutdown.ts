import { setTimeout as sleep } from 'node:timers/promises';
import { confNumber } from '../conf.ts';
import type { FrontendContext } from './context.ts';

const hardExit = 255;
/** Closing the journal, an election, and the start of the next leader: 1 to 5 s in the real cluster. */
const usualHandOverMs = 2000;

/**
 * SIGUSR1 from 3.4 on: a leader hands over before it goes. Needs enough others alive (3 of 3 at the least), else the
 * process exits at once with 255. While it drains, /api/health and /metrics answer 500; it lets everybody in, and closes each
 * second what does nothing.
 */
export async function leaveGracefully(fe: FrontendContext): Promise<void> {
  if (fe.leaving) return;
  const followers = [...fe.group.state.frontends.values()].filter(({ role }) => role === 'FOLLOWER');
  const alive = followers.filter((one) => one.alive || one.name === fe.self.name).length;
  if (alive - 1 < Math.floor(followers.length / 2) + 1) {
    fe.log('ERROR', `the number of alive followers ${alive} is not enough for a graceful exit, exit at once`);
    process.exit(hardExit);
  }
  fe.leaving = true;
  fe.log('INFO', 'start to handle graceful exit');
  const startedAt = performance.now();
  const leastMs = fe.pace.ms(fe.config.number('min_graceful_exit_time_second') * 1000);
  const mostMs = fe.pace.ms(fe.config.number('max_graceful_exit_time_second') * 1000);
  await fe.group.resign({ silentMs: fe.pace.ms(confNumber(fe.conf, 'sandbox_hand_over_ms', usualHandOverMs)) });
  const mayGo = () => fe.group.leader !== null && performance.now() - startedAt >= leastMs;
  for (const intervalMs = fe.pace.atLeast(1000, 20); performance.now() - startedAt < mostMs; await sleep(intervalMs)) {
    if (fe.group.leader === null) continue;
    closeIdle(fe);
    if (fe.connections.list().length === 0 && mayGo()) break;
  }
  fe.log('INFO', 'graceful exit done');
  process.exit(0);
}

function closeIdle({ connections }: FrontendContext): void {
  for (const { connectionId, running } of connections.list()) if (running === null) connections.close(connectionId);
}
