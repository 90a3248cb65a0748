import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSsh, type Ssh } from '../../src/adapters/ssh/ssh2.ts';
import { type Bench, defineBenchmark, type Figures } from '../lib/benchmark.ts';
import { requirePrograms } from '../lib/require-programs.ts';
import { median, round } from '../lib/statistics.ts';
import { type Hosts, inboxOf, startHosts } from './hosts.ts';
import { askBy, needed, sendBy, type Tool, tools } from './others.ts';

const command = 'cat /proc/loadavg';
const mega = 1_000_000;
/** How often each way is measured with its connections open. */
const turns = 3;
/** With more hosts it takes longer than all else together, and says nothing new. */
const mostForAnsible = 100;

/**
 * The same command on many hosts, and a file to some of them: by the pool of connections through which every operation
 * goes, and by the tools that people use for it. Each way is measured without a connection (cold) and with the
 * connections that it keeps (warm), in turns, on the same hosts. Starwarden is a process that runs, the others are
 * started for each command, as they are every time.
 */
export const fanOut = defineBenchmark({
  name: 'fan-out',
  summary: 'A command on many hosts and a file to some, against clush, pssh, Ansible, scp and rsync.',
  full: { hosts: [100, 200], fileHosts: 10, fileMb: 200 },
  quick: { hosts: [3], fileHosts: 2, fileMb: 1 },
  limitSeconds: 600,
  measure: async (bench, { hosts, fileHosts, fileMb }) => {
    requirePrograms({ needed, rivals: 'clush, pssh, Ansible and rsync', say: bench.say });
    const figures: Record<string, number>[] = [];
    for (const count of hosts) figures.push(await measureCommands(bench, count));
    return Object.assign({}, ...figures, await measureFile(bench, fileHosts, fileMb));
  },
});

type Way = 'ours' | Tool;
type How = 'cold' | 'warm';

async function measureCommands(bench: Bench, count: number): Promise<Figures> {
  await using undo = new AsyncDisposableStack();
  const hosts = await startHosts({ dir: join(bench.dir, `hosts-${count}`), count, kind: 'shared' }, undo);
  const ssh = createSsh();
  undo.defer(() => ssh.close());
  // Code that nobody has run yet is slow: a service that runs has run it.
  await askOurs(createSsh(), { ...hosts, targets: hosts.targets.slice(0, 2) });
  const times = new Map<string, readonly number[]>();
  const time = async (way: Way, how: How, work: () => Promise<void>) => {
    const key = `${way} ${how}`;
    times.set(key, [...(times.get(key) ?? []), await took(work)]);
  };
  const ways = tools.filter((tool) => tool !== 'ansible' || count <= mostForAnsible);
  await time('ours', 'cold', () => askOurs(ssh, hosts));
  for (const tool of ways) await time(tool, 'cold', () => askBy(tool, { hosts, how: 'cold', command, dir: bench.dir }));
  // The first of them opens the connections that all of them use.
  await askBy('pssh', { hosts, how: 'warm', command, dir: bench.dir });
  for (let turn = 0; turn < turns; turn += 1) {
    for (const tool of ways) {
      if (tool === 'ansible' && turn > 0) continue; // it is nowhere near, and takes most of the time
      await time(tool, 'warm', () => askBy(tool, { hosts, how: 'warm', command, dir: bench.dir }));
    }
    if (turn === 0) await askOurs(ssh, hosts); // those that were idle for a minute meanwhile are closed
    await time('ours', 'warm', () => askOurs(ssh, hosts));
  }
  const of = (way: Way, how: How) => {
    const taken = times.get(`${way} ${how}`);
    return taken === undefined ? Number.NaN : median(taken);
  };
  for (const how of ['cold', 'warm'] as const) {
    const each = (['ours', ...ways] as const).map((way) => `${way} ${(of(way, how) / 1000).toFixed(2)} s`);
    bench.say(`${count} hosts, ${how}: ${each.join(', ')}`);
  }
  const ratio = (how: How) => round(of('ours', how) / Math.min(...ways.map((tool) => of(tool, how))));
  return {
    [`cold${count}Ratio`]: ratio('cold'),
    [`warm${count}Ratio`]: ratio('warm'),
    [`cold${count}Ms`]: Math.round(of('ours', 'cold')),
    [`warm${count}Ms`]: Math.round(of('ours', 'warm')),
  };
}

async function askOurs(ssh: Ssh, { targets }: Pick<Hosts, 'targets'>): Promise<void> {
  const answers = await Promise.all(
    targets.map((target) => ssh.shell(target).run({ name: 'load', text: command, effect: 'read' })),
  );
  if (answers.some(({ stdout }) => stdout === '')) throw new Error('a host did not answer');
}

async function measureFile(bench: Bench, count: number, megabytes: number): Promise<Figures> {
  await using undo = new AsyncDisposableStack();
  const dir = join(bench.dir, 'file-hosts');
  const hosts = await startHosts({ dir, count, kind: 'own' }, undo);
  const file = join(bench.dir, 'archive');
  writeRandom(file, megabytes);
  const arrived = async (name: string, work: () => Promise<void>) => {
    const ms = await took(work);
    for (let index = 0; index < count; index += 1) {
      const path = join(inboxOf(dir, index), name);
      if ((await stat(path)).size !== megabytes * mega) throw new Error(`${path} is not whole`);
      rmSync(path); // the next one gets as much of the disk's cache
    }
    return ms;
  };
  const sending = { hosts, file, dir: bench.dir };
  const ours = await arrived('ours', () => sendOurs(hosts, { file, dir }));
  const scp = await arrived('by-scp', () => sendBy('parallel-scp', sending));
  const rsync = await arrived('by-rsync', () => sendBy('parallel-rsync', sending));
  const seconds = [ours, scp, rsync].map((ms) => (ms / 1000).toFixed(1));
  bench.say(`${megabytes} MB to ${count} hosts: ours ${seconds[0]} s, pscp ${seconds[1]} s, prsync ${seconds[2]} s`);
  return { fileRatio: round(ours / Math.min(scp, rsync)), fileMs: Math.round(ours) };
}

async function sendOurs({ targets }: Hosts, { file, dir }: { file: string; dir: string }): Promise<void> {
  const ssh = createSsh();
  await Promise.all(
    targets.map((target, index) =>
      ssh
        .shell(target)
        .upload({ localPath: file, remotePath: join(inboxOf(dir, index), 'ours') }, { timeoutMs: 300_000 }),
    ),
  );
  await ssh.close();
}

function writeRandom(file: string, megabytes: number): void {
  const output = openSync(file, 'w');
  const block = Buffer.allocUnsafe(mega);
  for (let index = 0; index < megabytes; index += 1) writeSync(output, randomFillSync(block));
  closeSync(output);
}

async function took(work: () => Promise<void>): Promise<number> {
  const at = performance.now();
  await work();
  return performance.now() - at;
}
