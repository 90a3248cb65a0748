import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseLabs, covers, findBase, labSeconds } from '../../.ci/labs.mjs';
import { listTestFiles, root } from '../helpers/running/projects.ts';

const { long } = listTestFiles();

describe('what the long labs cover', () => {
  it('is said of each, in paths that are there', () => {
    expect(long.filter((file) => !covers.some(({ files }) => files.test(file)))).toEqual([]);
    expect(covers.flatMap(({ paths }) => paths).filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(Object.keys(labSeconds).filter((file) => !long.includes(file))).toEqual([]);
  });
});

describe('the long labs of a change', () => {
  const choose = (changed: readonly string[] | null, more: { turn?: number; seconds?: number } = {}) =>
    chooseLabs({ labs: long, changed, turn: 0, seconds: 10_000, ...more });

  it('are those that cover what has changed', () => {
    const { run, left, notDue } = choose(['src/operations/upgrade/facts.ts', 'README.md']);
    expect(run).toContain('test/long/upgrade/round-trip.test.ts');
    expect(notDue).toContain('test/long/sandbox/failover.test.ts');
    expect([...run, ...notDue].toSorted()).toEqual(long.toSorted());
    expect(left).toEqual([]);
  });

  it.each(['src/domain/next-action.ts', 'src/store/claims.ts', 'src/store/records.ts', 'test/helpers/deaths.ts'])(
    'are those that kill workers when %s has changed',
    (path) => {
      expect(choose([path]).run).toContain('test/long/survives-crashes.test.ts');
    },
  );

  it('are those that have changed themselves', () => {
    expect(choose(['test/long/sandbox/failover.test.ts']).run).toEqual(['test/long/sandbox/failover.test.ts']);
  });

  it('are none when nothing has changed that one covers, and all when that is not known', () => {
    expect(choose(['docs/design.md']).run).toEqual([]);
    expect(choose(null).run.toSorted()).toEqual(long.toSorted());
  });

  it('are as many as there is time for, others with the next change, and what is left out is named', () => {
    const now = choose(null, { seconds: 60 });
    expect(now.run.length).toBeGreaterThan(0);
    expect(now.left).toContain('test/long/survives-crashes.test.ts');
    expect([...now.run, ...now.left].toSorted()).toEqual(long.toSorted());
    const chosen = long.map((_file, turn) => choose(null, { seconds: 60, turn }).run.join());
    expect(new Set(chosen).size).toBeGreaterThan(1);
    expect(choose(null, { seconds: 0 }).run).toEqual([]);
    const turns = long.map((_file, turn) => choose(null, { seconds: 240, turn }).run);
    // Three weeks of backups take longer than a change may: `npm run test:long` has them.
    const tooLong = long.filter((file) => (labSeconds[file] ?? 0) > 240);
    expect(tooLong).toEqual(['test/long/backups/three-weeks.test.ts']);
    expect(new Set(turns.flat())).toEqual(new Set(long.filter((file) => !tooLong.includes(file))));
  });
});

describe('the commit that a change is compared with', () => {
  const git = (answers: Record<string, string>) => (args: readonly string[]) => answers[args.join(' ')] ?? null;
  const head = { 'rev-parse HEAD': 'head' };
  const before = { 'rev-parse --verify --quiet HEAD~1': 'before' };

  it.each([
    ['the one that is named', { ...head, ...before, 'rev-parse --verify --quiet v1^{commit}': 'v1' }, 'v1', 'v1'],
    ['none when the named one is not there', { ...head, ...before }, 'v1', null],
    ['where the branch left the main one', { ...head, ...before, 'merge-base HEAD origin/main': 'fork' }, '', 'fork'],
    ['the one before, on the main one', { ...head, ...before, 'merge-base HEAD origin/main': 'head' }, '', 'before'],
    ['none in a history of one commit', head, '', null],
    ['none without git', {}, '', null],
  ])('is %s', (_what, answers, named, base) => {
    expect(findBase(git(answers), named)).toBe(base);
  });
});
