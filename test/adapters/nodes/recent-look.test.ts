import { beforeEach, expect, it } from 'vitest';
import { openNode } from '../../../src/adapters/nodes/open-node.ts';
import { createRecentLook, createRecentLooks } from '../../../src/adapters/nodes/recent-look.ts';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { AppError } from '../../../src/errors.ts';

const place = { label: 'be', kind: 'BACKEND', deployDir: '/opt/be', unit: null } as const;
const replacement = {
  release: { version: '3.5.0', sha256: 'a'.repeat(64) },
  keptVersion: '3.4.6',
  runId: 'run_01J00000000000000000000000',
};
const running = 'pid 12\ncomm starrocks_be\nstartedAtTicks 34\npidFile /opt/be/bin/be.pid\n';
const process = { pid: 12, startedAtTicks: '34' };

let told: string[] = [];
let answer: (name: string) => string | Error = () => running;
const shell: Shell = {
  run: async ({ name }) => {
    told.push(name);
    const stdout = answer(name);
    if (stdout instanceof Error) throw stdout;
    return { exitCode: 0, stdout, stderr: '' };
  },
  upload: async () => {},
};
const recently = () => ({ signal: AbortSignal.timeout(5_000), recentMs: 60_000 });
const now = () => ({ signal: AbortSignal.timeout(5_000) });

beforeEach(() => {
  told = [];
  answer = () => running;
});

it('answers from what was seen a moment ago only whom that is enough for', async () => {
  const node = openNode(shell, place);
  expect(await node.process(recently())).toEqual(process);
  expect(await node.process(recently())).toEqual(process);
  expect(await node.stopState(process, recently())).toBe('running');
  expect(told).toEqual(['read-pid']);
  await node.process(now());
  expect(told).toEqual(['read-pid', 'read-pid']);
});

it('asks again after something was sent, however that ended', async () => {
  const node = openNode(shell, place);
  await node.process(now());
  answer = (name) => (name === 'read-pid' ? running : new AppError('SSH_ANSWER_LOST', 'The connection broke'));
  await expect(node.start(now())).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST' });
  await node.process(recently());
  expect(told).toEqual(['read-pid', 'start-backend', 'read-pid']);
});

it('knows from the swap that no process runs, and from the start which one does', async () => {
  const node = openNode(shell, place);
  answer = (name) => (name === 'start-backend' ? 'starting\nstarwarden: it runs as 12 34 /opt/be/bin/be.pid\n' : '');
  await node.swapIn(replacement, now());
  expect(await node.process(recently())).toBeNull();
  expect(await node.start(now())).toEqual(process);
  expect(await node.process(recently())).toEqual(process);
  expect(told).toEqual(['swap-binaries', 'start-backend']);
});

it('keeps nothing of a look during which something was sent', () => {
  const recent = createRecentLook();
  const keep = recent.begin();
  recent.forget();
  keep(null);
  expect(recent.find(60_000)).toBeUndefined();
});

it('keeps apart what was seen of two nodes of a host', () => {
  const looks = createRecentLooks();
  looks.of('hst_1', place).begin()(null);
  expect(looks.of('hst_1', { ...place }).find(60_000)).toBeNull();
  expect(looks.of('hst_1', { ...place, deployDir: '/opt/be2' }).find(60_000)).toBeUndefined();
  expect(looks.of('hst_2', place).find(60_000)).toBeUndefined();
});
