import { expect, it } from 'vitest';
import type { Counters } from '../../src/domain/metrics/counters.ts';
import { AppError } from '../../src/errors.ts';
import { askConfs } from '../../src/monitor/conf-facts.ts';

const at = new Date('2026-11-27T10:00:00Z');
const node = (id: string, more: { hostId?: string | null; deployDir?: string | null } = {}) => ({
  ...{ id, kind: 'BACKEND' as const, hostId: `hst_${id}`, deployDir: '/opt/be' },
  ...more,
});
const gone = { atMs: 1, values: {}, paths: { '/data1': { isUsed: true }, '/data2': { isUsed: false, goneMs: 1 } } };
const whole = { atMs: 1, values: {}, paths: { '/data1': { isUsed: true } } };

it('reads the conf files of nodes that show a path no more, and says of each why that is not known', async () => {
  const asked: string[] = [];
  const confs: Record<string, string> = {
    hst_a: '/data1/,medium:ssd;/data2/',
    hst_b: '/data1',
    hst_link: '/data1;/d2',
  };
  const shell = async (hostId: string) => {
    asked.push(hostId);
    if (hostId === 'hst_down') throw new AppError('SSH_UNREACHABLE', 'no route to host');
    const path = confs[hostId];
    const answer = {
      ...{ exitCode: 0, stdout: `storage_root_path = ${path}\n`, stderr: '' },
      isCut: false,
      durationMs: 1,
    };
    return { run: async () => (path === undefined ? { ...answer, exitCode: 1, stderr: 'cannot be read' } : answer) };
  };
  const nodes = [
    ...['a', 'b', 'link', 'down', 'unreadable', 'whole', 'unseen'].map((id) => node(id)),
    node('alone', { hostId: null }),
    node('nowhere', { deployDir: null }),
  ];
  const counters: Counters = Object.fromEntries(
    nodes.flatMap(({ id }) => (id === 'unseen' ? [] : [[id, id === 'whole' ? whole : gone] as const])),
  );
  const { vanished_path_is_named: answer } = await askConfs(
    { shell },
    { nodes, counters, at, signal: AbortSignal.timeout(5_000) },
  );
  expect(asked.toSorted()).toEqual(['hst_a', 'hst_b', 'hst_down', 'hst_link', 'hst_unreadable']);
  const subject = (nodeId: string) => ({ nodeId, path: '/data2' });
  expect(answer).toEqual({
    atMs: at.getTime(),
    values: [
      { subject: subject('a'), value: 1 },
      { subject: subject('b'), value: 0 },
    ],
    unknown: [
      { subject: subject('link'), because: expect.stringContaining('/d2') },
      { subject: subject('down'), because: 'no route to host' },
      { subject: subject('unreadable'), because: 'cannot be read' },
      { subject: subject('alone'), because: expect.stringContaining('attachHosts') },
      { subject: subject('nowhere'), because: 'its directory is not known' },
    ],
  });
});

it('lets a fault of our own store through, which says nothing of a host', async () => {
  const shell = () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'MySQL is away'));
  const asking = { nodes: [node('a')], counters: { a: gone }, at, signal: AbortSignal.timeout(5_000) };
  await expect(askConfs({ shell }, asking)).rejects.toThrow('MySQL is away');
});
