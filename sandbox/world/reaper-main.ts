/**
 * Cleans up after a world whose own process was killed: waits until the other end of standard input is closed, which the
 * kernel does for any process that ends, then kills what is left of the world and takes its disks away.
 */
import { argv, stdin } from 'node:process';
import { unmountDisks } from './disks.ts';
import { sweepWorld } from './processes.ts';

const dir = argv[2];
if (dir === undefined) throw new Error('usage: reaper-main.ts <directory of the world>');

stdin.resume();
stdin.once('close', async () => {
  await sweepWorld(dir);
  await unmountDisks(dir);
});
