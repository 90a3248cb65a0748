/**
 * Cleans up after a world whose own process was killed: waits until the other end of standard input is closed, which the
 * kernel does for any process that ends, then kills what is left of the world, takes its disks away, and with `--remove` its
 * directory too.
 */
import { rm } from 'node:fs/promises';
import { argv, stdin } from 'node:process';
import { unmountDisks } from './disks.ts';
import { sweepWorld } from './processes.ts';

const [dir, remove] = argv.slice(2);
if (dir === undefined) throw new Error('usage: reaper-main.ts <directory of the world> [--remove]');

let said = '';
stdin.on('data', (chunk) => (said += String(chunk)));
stdin.once('close', async () => {
  await sweepWorld(dir);
  await unmountDisks(dir);
  // MariaDB carries no mark of ours: it ends by itself, within seconds, and writes until then.
  if (remove === '--remove' && said !== 'keep')
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});
