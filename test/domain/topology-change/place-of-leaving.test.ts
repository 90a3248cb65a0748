import { describe, expect, it } from 'vitest';
import type { Neighbour } from '../../../src/domain/deploy/found-there.ts';
import { whoTookPlace, whyWrongPlace } from '../../../src/domain/topology-change/place-of-leaving.ts';

const leaving = {
  ...({ kind: 'BACKEND', host: '10.0.0.11', port: 9050, label: 'be 10.0.0.11:9050' } as const),
  place: { hostId: 'hst_1', deployDir: '/opt/be' },
};
const right = { alive: true, runs: true, port: { value: 9050 } };

describe('whyWrongPlace', () => {
  it.each([
    ['where it runs with its port', right, null],
    ['where it is down, and its conf file has its port', { ...right, alive: false, runs: false }, null],
    [
      'where it is down, and nothing can be read any more',
      { alive: false, runs: false, port: { unknown: 'gone' } },
      null,
    ],
    [
      'where it lives, and nothing runs',
      { ...right, runs: false },
      /says that be 10\.0\.0\.11:9050 is alive, and no process/,
    ],
    [
      'where a node with another port runs',
      { ...right, port: { value: 9150 } },
      /has heartbeat_service_port 9150, so it is not of/,
    ],
    [
      'where the conf file has another port, though it is down',
      { alive: false, runs: false, port: { value: 9150 } },
      /9150/,
    ],
    [
      'where something runs that cannot be told',
      { ...right, port: { unknown: 'no permission' } },
      /cannot be told: no permission/,
    ],
  ] as const)('%s', (_case, seen, words) => {
    const why = whyWrongPlace(leaving, seen);
    if (words === null) return expect(why).toBeNull();
    expect(why).toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringMatching(words) });
    expect(why?.hint).not.toBe('');
  });
});

describe('whoTookPlace', () => {
  const there: Neighbour = {
    ...{ id: 'nod_1', kind: 'BACKEND', host: '10.0.0.11', port: 9050, httpPort: 8040, queryPort: null },
    ...{
      hostId: 'hst_1',
      deployDir: '/opt/be',
      clusterId: 'clu_1',
      hostAddress: '10.0.0.11',
      hostKeyFingerprint: 'SHA256:a',
    },
  };
  const own = { clusterId: 'clu_1', hostKey: 'SHA256:a' };

  it.each<[string, Partial<Neighbour>, boolean]>([
    ['the node itself', {}, false],
    ['another port of the cluster', { port: 9150 }, true],
    ['the same address in another cluster, on the same machine', { clusterId: 'clu_2', hostId: 'hst_9' }, true],
    [
      'the same address in another cluster, on another machine',
      { clusterId: 'clu_2', hostId: 'hst_9', hostKeyFingerprint: 'SHA256:b' },
      false,
    ],
    ['another directory', { port: 9150, deployDir: '/opt/be2' }, false],
    ['a node of another kind in that directory', { kind: 'COMPUTE_NODE', port: 9150 }, false],
  ])('%s', (_case, over, isTaken) => {
    const took = whoTookPlace(leaving, [{ ...there, ...over }], own);
    expect(took !== null).toBe(isTaken);
  });
});
