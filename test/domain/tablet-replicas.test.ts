import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeTablets,
  type TableReplica,
  tabletsOfTableInWords,
  whyNotBad,
} from '../../src/domain/tablets/replicas.ts';

function replica(tabletId: string, backendId: string, changed: Partial<TableReplica> = {}): TableReplica {
  const id = `${tabletId}-${backendId}`;
  return {
    tabletId,
    backendId,
    replicaId: id,
    status: 'OK',
    isBad: false,
    version: 7,
    committedVersion: 7,
    ...changed,
  };
}
const whole = ['1', '2', '3'].map((backend) => replica('10', backend));
const staying = new Set(['1', '2', '3', '4']);
const named = { tabletId: '10', backendId: '1', staying };

describe('the tablets of a table', () => {
  it('are whole when every replica is well and none has fewer than the others', () => {
    expect(tabletsOfTableInWords(judgeTablets(whole))).toBe('all of 1 tablet whole');
    expect(tabletsOfTableInWords(judgeTablets([]))).toBe('it has no tablet');
  });

  it('are not while a replica is dead, bad or missing', () => {
    const table = [
      ...whole,
      ...['1', '2'].map((backend) => replica('9', backend)),
      ...['1', '2', '3'].map((backend) => replica('11', backend, backend === '2' ? { status: 'DEAD' } : {})),
      ...['1', '2', '3'].map((backend) => replica('12', backend, backend === '2' ? { isBad: true } : {})),
    ];
    const found = judgeTablets(table);
    expect(found).toMatchObject({ tablets: 4, unhealthy: ['9', '11', '12'] });
    expect(tabletsOfTableInWords(found)).toBe('3 of 4 tablets not whole: 1 replica DEAD');
  });
});

describe('setting a replica bad', () => {
  it('is allowed when the two others are well, complete, and on backends that stay', () => {
    expect(whyNotBad(whole, named)).toBeNull();
    // The one that is set bad may be in any state itself.
    expect(
      whyNotBad([replica('10', '1', { status: 'VERSION_ERROR', version: 3 }), ...whole.slice(1)], named),
    ).toBeNull();
  });

  it.each<[string, readonly TableReplica[], string, RegExp]>([
    ['there is no such replica', whole.slice(1), 'NOT_FOUND', /no replica on backend 1/],
    [
      'it is bad already',
      [replica('10', '1', { isBad: true }), ...whole.slice(1)],
      'PRECONDITION_FAILED',
      /bad already/,
    ],
    ['only one other is there', whole.slice(0, 2), 'REPLICATION_AT_RISK', /has 1 other replica that is well of 1/],
    ['it is the only one', whole.slice(0, 1), 'REPLICATION_AT_RISK', /has 0 other replicas that are well of 0/],
    [
      'another is dead',
      [whole[0], replica('10', '2', { status: 'DEAD' }), whole[2]].flatMap((each) => each ?? []),
      'REPLICATION_AT_RISK',
      /the one on backend 2 is DEAD/,
    ],
    [
      'another is bad',
      [...whole, replica('10', '4', { isBad: true })],
      'REPLICATION_AT_RISK',
      /the one on backend 4 is bad/,
    ],
    ['another lags', [...whole, replica('10', '4', { version: 6 })], 'REPLICATION_AT_RISK', /at version 6 of 7/],
    [
      'another does not tell its version',
      [...whole, replica('10', '4', { version: null })],
      'REPLICATION_AT_RISK',
      /does not tell/,
    ],
  ])('is refused when %s', (_name, replicas, code, message) => {
    expect(whyNotBad(replicas, named)).toEqual({ code, message: expect.stringMatching(message) });
  });

  it('is refused when another one is on a backend that is down or leaves', () => {
    expect(whyNotBad(whole, { ...named, staying: new Set(['1', '2']) })).toMatchObject({
      code: 'REPLICATION_AT_RISK',
      message: expect.stringContaining('the one on backend 3 is on a backend that is down or leaves'),
    });
  });

  it('never leaves fewer than two replicas that are well, whatever the others are', () => {
    const one = fc.record({
      backend: fc.constantFrom('1', '2', '3', '4', '5'),
      status: fc.constantFrom('OK', 'DEAD', 'MISSING'),
      isBad: fc.boolean(),
      version: fc.constantFrom(5, 7, null),
    });
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: ({ backend }) => backend }), (given) => {
        const replicas = given.map(({ backend, ...rest }) => replica('10', backend, rest));
        if (whyNotBad(replicas, named) !== null) return;
        const others = replicas.filter(({ backendId }) => backendId !== '1');
        expect(others.length).toBeGreaterThanOrEqual(2);
        for (const other of others)
          expect([other.status, other.isBad, other.version, staying.has(other.backendId)]).toEqual([
            'OK',
            false,
            7,
            true,
          ]);
      }),
    );
  });
});
