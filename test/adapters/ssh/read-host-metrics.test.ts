import { expect, it } from 'vitest';
import type { ShellReader } from '../../../src/adapters/ssh/port.ts';
import { type NodeToAsk, readHostMetrics } from '../../../src/adapters/ssh/read-host-metrics.ts';
import { AppError } from '../../../src/errors.ts';

type Answer = string | AppError;

const df = (mountPoint: string, freeOf1000: number) =>
  `Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1000 1 ${freeOf1000} 1% ${mountPoint}\n`;

/** A host that answers `df` by path; `ahead` = the milliseconds by which its clock is ahead. */
function host({ conf = '', ahead = 0, space = {} }: { conf?: Answer; ahead?: number; space?: Record<string, Answer> }) {
  const shell: ShellReader = {
    run: async ({ name, text }) => {
      const path = Object.keys(space).find((each) => text.includes(`'${each}'`) || text.endsWith(each)) ?? '';
      const said: Record<string, Answer> = {
        clock: String(Date.now() + ahead),
        'read-conf': conf,
        'disk-free': space[path] ?? '',
      };
      const stdout = said[name] ?? '';
      if (stdout instanceof AppError) throw stdout;
      return {
        exitCode: name === 'disk-free' && stdout === '' ? 1 : 0,
        stdout,
        stderr: stdout === '' ? 'df: no such directory' : '',
      };
    },
  };
  return shell;
}

const backend = (id: string, hostId: string | null = 'h1', deployDir: string | null = `/data/${id}`): NodeToAsk => ({
  ...{ id, hostId, deployDir },
  kind: 'BACKEND',
});
const read = (nodes: readonly NodeToAsk[], hosts: Record<string, ShellReader>, signal = AbortSignal.timeout(5_000)) =>
  readHostMetrics(nodes, {
    shell: async (id) => {
      const shell = hosts[id];
      if (shell === undefined) throw new AppError('SSH_UNREACHABLE', `${id} does not answer`, { retryable: true });
      return shell;
    },
    signal,
  });

it('reads the clock of a host once for all its nodes, and the fullest of the places where each writes its logs', async () => {
  const h1 = host({
    conf: 'sys_log_dir = /var/log/starrocks\n',
    ahead: -7_000,
    space: {
      '/data/be1/log': df('/data', 900),
      '/data/be2/log': df('/data', 900),
      '/var/log/starrocks': df('/var', 120),
    },
  });
  const [be1, be2] = await read([backend('be1'), backend('be2'), backend('loose', null)], { h1 });
  expect(be1).toEqual({
    nodeId: 'be1',
    clockDifference: { value: expect.closeTo(7, 1) },
    logDiskUsedShare: { value: expect.closeTo(0.88, 6) },
  });
  expect(be2?.clockDifference).toEqual(be1?.clockDifference);
});

it('tells no difference that may come from the way of the answer', async () => {
  const slow = host({ space: { '/data/be1/log': df('/data', 500) } });
  const run: ShellReader['run'] = async (command) => {
    const answer = await slow.run(command);
    if (command.name === 'clock') await new Promise((resolve) => setTimeout(resolve, 80));
    return answer;
  };
  const [be1] = await read([backend('be1')], { h1: { run } });
  expect(be1).toEqual({ nodeId: 'be1', clockDifference: { value: 0 }, logDiskUsedShare: { value: 0.5 } });
});

it('says of a host that does not answer, and of a directory that is not there, why nothing is known', async () => {
  const h1 = host({ conf: 'sys_log_dir = logs\n' });
  const h2 = host({});
  const nodes = [backend('gone', 'h9'), backend('odd', 'h1'), backend('absent', 'h2'), backend('nowhere', 'h2', null)];
  const told = new Map((await read(nodes, { h1, h2 })).map((one) => [one.nodeId, one]));
  const silent = { unknown: 'h9 does not answer' };
  expect(told.get('gone')).toEqual({ nodeId: 'gone', clockDifference: silent, logDiskUsedShare: silent });
  expect(told.get('odd')?.logDiskUsedShare).toEqual({ unknown: 'its log directory is given as logs' });
  expect(told.get('absent')?.logDiskUsedShare).toEqual({ unknown: 'df: no such directory' });
  expect(told.get('nowhere')?.logDiskUsedShare).toEqual({ unknown: 'its directory is not known' });
  expect(told.get('absent')?.clockDifference).toEqual({ value: 0 });
});

it('tells the clock of a host of which a file system hangs, and what another one of its nodes has', async () => {
  const well = host({ ahead: 4_000, space: { '/data/be1/log': df('/data', 100) } });
  const run: ShellReader['run'] = async (command, call) => {
    if (!command.text.includes('/data/be2/')) return well.run(command, call);
    throw new AppError('TIMEOUT', 'df does not end', { retryable: true });
  };
  const [be1, be2] = await read([backend('be1'), backend('be2')], { h1: { run } });
  expect(be1).toMatchObject({ clockDifference: { value: expect.closeTo(4, 1) }, logDiskUsedShare: { value: 0.9 } });
  expect(be2).toMatchObject({
    clockDifference: { value: expect.closeTo(4, 1) },
    logDiskUsedShare: { unknown: 'df does not end' },
  });
});

it('asks the clock again when the first answer took long, as while a connection is made', async () => {
  const h1 = host({ ahead: 300 });
  let isOpen = false;
  const run: ShellReader['run'] = async (command, call) => {
    const answer = await h1.run(command, call);
    if (!isOpen) await new Promise((resolve) => setTimeout(resolve, 700));
    isOpen = true;
    return answer;
  };
  const [be1] = await read([backend('be1', 'h1', null)], { h1: { run } });
  expect(be1?.clockDifference).toEqual({ value: expect.closeTo(0.3, 1) });
});

it('asks at most eight hosts at a time, and gives up those that are left when the time is over', async () => {
  let now = 0;
  let most = 0;
  const nodes = Array.from({ length: 30 }, (_, index) => backend(`be${index}`, `h${index}`));
  const stopped = new AbortController();
  const stuck: ShellReader = {
    run: async (_, call) => {
      most = Math.max(most, ++now);
      if (now === 8) setTimeout(() => stopped.abort(), 20);
      if (call?.signal?.aborted !== true)
        await new Promise((resolve) => call?.signal?.addEventListener('abort', resolve));
      throw new AppError('CANCELED', 'canceled');
    },
  };
  const hosts = Object.fromEntries(nodes.map(({ hostId }) => [hostId, stuck]));
  const told = await read(nodes, hosts, stopped.signal);
  expect(told.map(({ nodeId }) => nodeId)).toEqual(nodes.map(({ id }) => id));
  const late = told.filter(
    ({ clockDifference }) => 'unknown' in clockDifference && / asked /.test(clockDifference.unknown),
  );
  expect(late).toHaveLength(22);
  expect(most).toBe(8);
});
