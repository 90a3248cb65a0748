import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storagePathsOf } from '../../../src/domain/deploy/storage-paths.ts';
import type { Counters } from '../../../src/domain/metrics/counters.ts';
import { deriveMeasurements } from '../../../src/domain/metrics/derive.ts';
import type { FactAnswer } from '../../../src/domain/metrics/facts.ts';
import { subjectKey } from '../../../src/domain/metrics/measurement.ts';
import type { Page } from '../../../src/domain/metrics/page.ts';
import { isNamed, vanishedOf } from '../../../src/domain/metrics/vanished-paths.ts';

const start = Date.parse('2026-11-27T10:00:00Z');
const minute = 60_000;
const broken = { nodeId: 'be1', path: '/data2' };

/** Whether each path is used; a text = the page was not read; `isCut` = it broke off. */
type Shown = Readonly<Record<string, 0 | 1>> | string;

function pageOf(shown: Shown, isCut: boolean): Page {
  if (typeof shown === 'string') return { problem: shown };
  const samples = Object.entries(shown).flatMap(([path, value]) => [
    { name: 'starrocks_be_disks_total_capacity', labels: { path }, value: 100 },
    { name: 'starrocks_be_disks_state', labels: { path }, value },
  ]);
  return { samples: [{ name: 'starrocks_be_process_mem_bytes', labels: {}, value: 1 }, ...samples], isCut };
}

/** What the conf file was found to name at that time; a text = why it could not be read. */
const conf = (atMs: number, value: 0 | 1 | string): FactAnswer => ({
  atMs,
  values: typeof value === 'number' ? [{ subject: broken, value }] : [],
  unknown: typeof value === 'string' ? [{ subject: broken, because: value }] : [],
});

function looks() {
  let counters: Counters = {};
  return (at: number, shown: Shown, { fact, isCut = false }: { fact?: FactAnswer; isCut?: boolean } = {}) => {
    const derived = deriveMeasurements({
      nodes: [{ id: 'be1', kind: 'BACKEND', alive: true, version: '3.5.0' }],
      ...{ leader: null, at: new Date(start + at), before: JSON.parse(JSON.stringify(counters)) },
      facts: fact === undefined ? {} : { vanished_path_is_named: fact },
      pages: new Map([['be1', pageOf(shown, isCut)]]),
    });
    counters = derived.counters;
    const is = (each: { metric: string; subject: object }) =>
      each.metric === 'disk_is_used' && subjectKey(each.subject) === subjectKey(broken);
    return {
      said: derived.measurements.find(is)?.value ?? derived.unknown.find(is)?.reason,
      gone: vanishedOf(counters.be1?.paths).map(([path]) => path),
    };
  };
}

const both = { '/data1': 1, '/data2': 1 } as const;
const aside = { '/data1': 1, '/data2': 0 } as const;
const left = { '/data1': 1 } as const;

describe('a storage path that a backend shows no more', () => {
  it('is broken as long as the conf file names it, and unknown until that was read', () => {
    const look = looks();
    expect(look(0, both).said).toBe(1);
    expect(look(minute, aside).said).toBe(0);
    expect(look(2 * minute, 'it starts').said).toBeUndefined();
    expect(look(3 * minute, left).said).toBe('FACT_UNKNOWN');
    // Read before it vanished, as when it was away another time.
    expect(look(4 * minute, left, { fact: conf(start + 2 * minute, 0) }).said).toBe('FACT_UNKNOWN');
    expect(look(5 * minute, left, { fact: conf(start + 5 * minute, 1) }).said).toBe(0);
    expect(look(6 * minute, left, { fact: conf(start + 6 * minute, 'no route to host') }).said).toBe('FACT_UNKNOWN');
    expect(look(400 * minute, left, { fact: conf(start + 6 * minute, 1) }).said).toBe('FACT_UNKNOWN');
    expect(look(401 * minute, both).said).toBe(1);
  });

  it('is forgotten once the conf file does not name it', () => {
    const look = looks();
    look(0, aside);
    expect(look(minute, left).gone).toEqual(['/data2']);
    expect(look(2 * minute, left, { fact: conf(start + 2 * minute, 0) })).toEqual({ said: undefined, gone: [] });
    // Named later, it is only a path that the node has not opened yet.
    expect(look(3 * minute, left, { fact: conf(start + 3 * minute, 1) })).toEqual({ said: undefined, gone: [] });
  });

  it('is not gone because a page broke off, was not read, or names no path at all', () => {
    const look = looks();
    look(0, both);
    expect(look(minute, left, { isCut: true }).gone).toEqual([]);
    expect(look(2 * minute, 'no answer').gone).toEqual([]);
    expect(look(3 * minute, {}).gone).toEqual([]);
    expect(look(4 * minute, left).gone).toEqual(['/data2']);
  });

  it('that was well, and of which nobody can say whether it is wanted, is asked about for a week; one that was broken for ever', () => {
    const day = 24 * 60 * minute;
    const [well, bad] = [looks(), looks()];
    well(0, both);
    bad(0, aside);
    for (const look of [well, bad]) expect(look(day, left).said).toBe('FACT_UNKNOWN');
    expect([well(7 * day, left).said, bad(7 * day, left).said]).toEqual(['FACT_UNKNOWN', 'FACT_UNKNOWN']);
    expect([well(8 * day, left).said, bad(400 * day, left).said]).toEqual([undefined, 'FACT_UNKNOWN']);
  });

  it('is 0 only while it is not shown and its conf file names it, whatever pages and answers come', () => {
    const steps = fc.array(
      fc.record({
        shown: fc.constantFrom<Shown>(both, aside, left, {}, 'no answer'),
        isCut: fc.boolean(),
        told: fc.constantFrom<0 | 1 | 'unreadable'>(0, 1, 'unreadable'),
        ageMs: fc.nat({ max: 5 * minute }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(steps, (given) => {
        const look = looks();
        for (const [index, { shown, isCut, told, ageMs }] of given.entries()) {
          const at = index * minute;
          const { said } = look(at, shown, { fact: conf(start + at - ageMs, told), isCut });
          const isShown = typeof shown === 'object' && '/data2' in shown;
          // Where a page breaks off, the last that it says may be half of it.
          if (isShown && !isCut) expect(said).toBe(shown['/data2']);
          if (!isShown && said === 0) expect(told).toBe(1);
        }
      }),
      { numRuns: 100 },
    );
  });
});

it.each([
  ['/data1;/data2', 'NAMED'],
  ['/data1/,medium:ssd; /data2///,medium:SSD', 'NAMED'],
  ['/data1', 'NOT_NAMED'],
  ['/data1,medium:hdd;', 'NOT_NAMED'],
  // A link to it, or a new disk for which the node was not started yet.
  ['/data1;/mnt/disk2', 'unknown'],
  ['/data1;/x/../data2', 'unknown'],
])('storage_root_path = %s: %s', (text, expected) => {
  const named = storagePathsOf(text).map(({ path }) => path);
  for (const [path, shown] of [
    ['/data2', '/data1'],
    ['/data2/', '/data1/'],
  ] as const) {
    const standing = isNamed(path, { named, shown: [shown] });
    expect(typeof standing === 'string' ? standing : 'unknown').toBe(expected);
  }
});
