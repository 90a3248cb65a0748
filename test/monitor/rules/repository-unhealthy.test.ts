import { describe, expect, it } from 'vitest';
import { dueForCheck } from '../../../src/domain/backup/repository-health.ts';
import { AppError } from '../../../src/errors.ts';
import { readRepositories } from '../../../src/monitor/read-repositories.ts';
import { repositoryUnhealthy } from '../../../src/monitor/rules/repository-unhealthy.ts';
import { node, seen } from './builders.ts';
import { repository, withRepository } from './repository-builders.ts';

const rule = repositoryUnhealthy.configure(undefined);
const judge = (...look: Parameters<typeof withRepository>) => rule.judge('clu_1', withRepository(...look));
const since = new Date('2026-11-27T10:00:00Z');
const refused = { code: 'OBJECT_STORE_KEY_REFUSED', message: 'the key is refused', since };

describe('a repository', () => {
  it.each([
    ['is gone from StarRocks', null, 'no repository nightly any more'],
    ['is somewhere else by now', { location: 's3://other/prod' }, 's3://other/prod'],
    ['has an error in StarRocks', { errorMessage: 'timed out' }, 'timed out'],
  ])('that %s is an alert at once', (_what, row, text) => {
    expect(judge(row)).toMatchObject([{ severity: 'HIGH', forMs: 0, labels: { repository: 'nightly' } }]);
    expect(JSON.stringify(judge(row))).toContain(text);
  });

  it('whose store refuses Starwarden itself is one after a second look, and says what that does not mean', () => {
    expect(judge({}, { problem: refused })).toMatchObject([{ forMs: 360_000, startedAt: since }]);
    expect(JSON.stringify(judge({}, { problem: refused }))).toContain('may still reach it by its own key');
  });

  it('that is well is none, and neither is what an earlier check heard from StarRocks', () => {
    expect(judge({})).toEqual([]);
    expect(judge({}, { problem: { ...refused, code: 'SQL_FAILED' } })).toEqual([]);
  });

  it('cannot be judged while the cluster does not tell its repositories', () => {
    const parts = { ...seen([node()]), repositories: { watched: null, checked: null } };
    expect(rule.judge('clu_1', parts)).toHaveProperty('unjudged');
  });
});

describe('the stores', () => {
  const now = new Date('2026-11-27T12:00:00Z');
  const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

  it('are asked one at a time, every 15 minutes, and sooner while something is wrong', () => {
    expect(dueForCheck([repository({ checkedAt: ago(14) })], now)).toBeNull();
    expect(dueForCheck([repository({ checkedAt: ago(6), problem: refused })], now)).not.toBeNull();
    expect(dueForCheck([repository({ access: null })], now)).toBeNull();
    const [a, b] = [repository({ name: 'a', checkedAt: ago(20) }), repository({ name: 'b', checkedAt: ago(30) })];
    expect(dueForCheck([a, b], now)?.name).toBe('b');
  });

  it('that answer with an error keep it, and one that could not be asked in time says nothing', async () => {
    const ask = (signal: AbortSignal) =>
      readRepositories(
        {
          sql: { query: async () => [] },
          objects: async () => {
            throw new AppError('OBJECT_STORE_KEY_REFUSED', 'the key is refused');
          },
          now: () => now,
        },
        [repository()],
        { signal, timeoutMs: 1_000 },
      );
    expect(await ask(new AbortController().signal)).toMatchObject({
      checked: { name: 'nightly', problem: { code: 'OBJECT_STORE_KEY_REFUSED' } },
      watched: [{ repository: { problem: { since: now } }, row: null }],
    });
    expect(await ask(AbortSignal.abort())).toMatchObject({ checked: null });
  });
});
