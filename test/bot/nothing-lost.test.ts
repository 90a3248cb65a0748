import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Effect } from '../../sandbox/slack/faults.ts';
import { startTellingLab, type TellingLab } from '../helpers/alerts/telling-lab.ts';
import { whatIsLost } from '../helpers/alerts/what-is-lost.ts';

/*
 * What tells of alerts dies before statements, before calls to Slack, and after those that Slack carried out; others go on. At every
 * single point: `test/long/alerts/nothing-lost-everywhere.test.ts`.
 */

let lab: TellingLab;

beforeAll(async () => {
  lab = await startTellingLab();
});
afterAll(() => lab?.close());
beforeEach(() => lab.clear());

it('a look that dies writes no half alert, and one that ends is told', async () => {
  for (let points = 0; ; points += 1) {
    const ids = await lab.open('CRITICAL', { points }).catch(() => null);
    expect(await lab.db.selectFrom('alert').select('id').execute()).toHaveLength(ids?.length ?? 0);
    if (ids !== null) break;
  }
  await lab.settle();
  expect(await whatIsLost(lab.db, lab.slack)).toEqual([]);
});

it('what goes on, ends and becomes worse while nobody lives is told or counted, wherever whoever told of it died', async () => {
  await lab.dieEverywhere({
    prepare: async () => [
      ...(await lab.open('CRITICAL')),
      ...(await lab.open('CRITICAL', { cluster: 'prod-b' })),
      ...(await lab.open('HIGH', { cluster: 'prod-c' })),
    ],
    meanwhile: async ([, ended, worse]) => {
      await lab.resolve(ended);
      await lab.worsen(worse);
    },
    stride: 9,
  });
});

/** What Slack, or what stands before it, does for ten minutes. */
const outages: readonly (readonly [string, Effect])[] = [
  ['a server that fails', { kind: 'status', status: 503 }],
  ['a proxy that lets nobody through', { kind: 'status', status: 403 }],
  ['a page of a proxy', { kind: 'html' }],
  ['connections that break before anything is stored', { kind: 'dropped' }],
  ['answers that are lost', { kind: 'lostAnswer' }],
  ['a rate limit', { kind: 'rateLimited', retryAfter: 7 }],
  ['a token that was revoked', { kind: 'error', error: 'token_revoked' }],
];

it.each(outages)('nothing is lost during %s, and all is due within a minute after it', async (_, effect) => {
  await lab.outlast(effect);
});
