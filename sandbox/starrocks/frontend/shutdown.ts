import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontendContext } from './context.ts';

const hardExit = 255;

/**
 * SIGUSR1 from 3.4 on: a leader hands over before it goes. Needs enough others alive (3 of 3 at the least), else the
 * process exits at once with 255. While it drains, /api/health answers 500.
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
  await fe.group.resign();
  while (performance.now() - startedAt < mostMs) {
    const idle = fe.connections.list().every(({ running }) => running === null);
    const hasSuccessor = fe.group.leader !== null;
    if (idle && hasSuccessor && performance.now() - startedAt >= leastMs) break;
    await sleep(20);
  }
  fe.log('INFO', 'graceful exit done');
  process.exit(0);
}
