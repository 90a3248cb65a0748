import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Shell } from '../../src/adapters/ssh/port.ts';
import { type Link, trustedShell, type WayToHost } from '../../src/app/trusted-shell.ts';
import { AppError } from '../../src/errors.ts';

const command = { name: 'test-command', text: 'true', effect: 'change' } as const;
const okay = { exitCode: 0, stdout: '', stderr: '' };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A host behind a jump host, whose accepted keys `keys` says; a command takes so long, and dies with its connection. */
function world() {
  const keys = { host: 1, jump: 1 };
  const began: { host: number; jump: number }[] = [];
  const broken = new Set<(error: Error) => void>();
  const running = new Map<(error: Error) => void, readonly string[]>();
  const name = ({ address, fingerprint }: Link) => `${address} ${fingerprint}`;
  const wayNow = (): WayToHost => {
    const opened = { ...keys };
    const links = [
      { address: 'host', port: 22, fingerprint: `${keys.host}` },
      { address: 'jump', port: 22, fingerprint: `${keys.jump}` },
    ];
    const run = (ms: number) => {
      began.push(opened);
      return new Promise<typeof okay>((resolve, reject) => {
        const lose = (error: Error) => reject(error);
        running.set(lose, links.map(name));
        setTimeout(() => {
          running.delete(lose);
          resolve(okay);
        }, ms);
      });
    };
    const shell: Shell = { run: (_, call) => run(call?.timeoutMs ?? 0), upload: async () => void (await run(0)) };
    return { facts: opened, links, open: () => shell };
  };
  const end = (link: Link) => {
    for (const [lose, links] of running) {
      if (!links.includes(name(link))) continue;
      running.delete(lose);
      broken.add(lose);
      lose(new AppError('SSH_ANSWER_LOST', 'the connection broke'));
    }
  };
  const shell = trustedShell({ way: wayNow(), readWay: async () => wayNow(), end });
  return { keys, began, broken, shell };
}

it('begins no command by a key that was accepted no more, whatever changes in between, on the host or on its way', async () => {
  const event = fc.record({
    waitMs: fc.integer({ min: 1_001, max: 5_000 }),
    change: fc.constantFrom('host', 'jump', 'nothing'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), async (events) => {
      const { keys, began, shell } = world();
      for (const { waitMs, change } of events) {
        if (change !== 'nothing') keys[change] += 1;
        await vi.advanceTimersByTimeAsync(waitMs);
        const done = shell.run(command);
        await vi.advanceTimersByTimeAsync(1);
        await done;
        expect(began.at(-1)).toEqual(keys);
      }
    }),
    { numRuns: 50 },
  );
});

it.each(['host', 'jump'] as const)(
  'breaks a command off that runs while the key of the %s is replaced',
  async (link) => {
    const { keys, shell, broken } = world();
    const running = shell.run(command, { timeoutMs: 600_000 });
    running.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(broken.size).toBe(0);
    keys[link] += 1;
    await vi.advanceTimersByTimeAsync(2_100);
    await expect(running).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST' });
  },
);

it('ends no connection to a jump host that is only passed by from now on: other hosts are reached through it', async () => {
  const host = { address: 'host', port: 22, fingerprint: 'a' };
  const jump = { address: 'jump', port: 22, fingerprint: 'b' };
  const shell: Shell = {
    run: () => new Promise((resolve) => setTimeout(() => resolve(okay), 10_000)),
    upload: async () => {},
  };
  const wayBy = (...links: Link[]): WayToHost => ({ facts: links, links, open: () => shell });
  const ends = async (...links: Link[]) => {
    const ended: Link[] = [];
    const trusted = trustedShell({
      ...{ way: wayBy(host, jump), readWay: async () => wayBy(...links), end: (link) => void ended.push(link) },
    });
    const running = trusted.run(command);
    await vi.advanceTimersByTimeAsync(11_000);
    await running;
    return ended;
  };
  expect(await ends(host)).toEqual([]);
  expect(await ends({ ...host, address: 'elsewhere' })).toEqual([]);
  expect(await ends(host, { ...jump, fingerprint: 'c' })).toEqual([jump]);
  expect(await ends({ ...host, address: 'elsewhere', fingerprint: 'c' })).toEqual([host]);
});

it('lets a command go on over which nothing was decided, also while the store does not answer', async () => {
  let isAway = false;
  const shell: Shell = {
    run: () => new Promise((resolve) => setTimeout(() => resolve(okay), 60_000)),
    upload: async () => {},
  };
  const way: WayToHost = { facts: {}, links: [], open: () => shell };
  const readWay = async () => {
    if (isAway) throw new AppError('STORE_UNAVAILABLE', 'away');
    return way;
  };
  const running = trustedShell({ way, readWay, end: () => {} }).run(command);
  isAway = true;
  await vi.advanceTimersByTimeAsync(61_000);
  expect(await running).toEqual(okay);
});

it('asks a store that hangs once for each command, and not again and again', async () => {
  const shell: Shell = {
    run: () => new Promise((resolve) => setTimeout(() => resolve(okay), 60_000)),
    upload: async () => {},
  };
  const way: WayToHost = { facts: {}, links: [], open: () => shell };
  let asked = 0;
  const readWay = () => {
    asked += 1;
    return new Promise<WayToHost>(() => undefined);
  };
  const running = trustedShell({ way, readWay, end: () => {} }).run(command);
  await vi.advanceTimersByTimeAsync(61_000);
  expect(await running).toEqual(okay);
  expect(asked).toBe(1);
});
