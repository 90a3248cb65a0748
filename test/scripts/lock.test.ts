import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { takeLock } from '../../scripts/lib/lock.mjs';

const module = fileURLToPath(new URL('../../scripts/lib/lock.mjs', import.meta.url));
let names = 0;

function freshName() {
  names += 1;
  return `test ${process.pid} ${names}`;
}

it('lets the second one in when the first one has released', async () => {
  const name = freshName();
  const order: string[] = [];
  const first = await takeLock(name);
  const second = takeLock(name, { onWait: () => order.push('waits') }).then((lock) => {
    order.push('second has it');
    return lock;
  });
  while (order.length === 0) await new Promise(setImmediate);
  order.push('first lets go');
  await first?.release();
  await (await second)?.release();
  expect(order).toEqual(['waits', 'first lets go', 'second has it']);
});

it('lets one in at a time, however many come at once', async () => {
  const name = freshName();
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      const lock = await takeLock(name);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
      await lock?.release();
    }),
  );
  expect(most).toBe(1);
});

it('answers null to one who does not want to wait', async () => {
  const name = freshName();
  const held = await takeLock(name);
  expect(await takeLock(name, { wait: false })).toBeNull();
  await held?.release();
});

it('is free again when the process that held it was killed', async () => {
  const name = freshName();
  const script = `
    const { takeLock } = await import(${JSON.stringify(module)});
    await takeLock(${JSON.stringify(name)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const waiting = takeLock(name);
  holder.kill('SIGKILL');
  const lock = await waiting;
  expect(lock).not.toBeNull();
  await lock?.release();
});
