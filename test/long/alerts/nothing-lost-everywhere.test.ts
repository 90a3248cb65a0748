import { afterAll, beforeAll, it } from 'vitest';
import { startTellingLab, type TellingLab } from '../../helpers/alerts/telling-lab.ts';

/* Every single point at which what tells of alerts can die. */

let lab: TellingLab;

beforeAll(async () => {
  lab = await startTellingLab();
});
afterAll(() => lab?.close());

it('one CRITICAL alert is told once', async () => {
  await lab.dieEverywhere({ prepare: () => lab.open('CRITICAL') });
}, 120_000);

it('what ends while nobody lives is told as over, or counted', async () => {
  await lab.dieEverywhere({ prepare: () => lab.open('CRITICAL'), meanwhile: ([id]) => lab.resolve(id) });
}, 120_000);

it('what becomes CRITICAL while nobody lives is told as that', async () => {
  await lab.dieEverywhere({ prepare: () => lab.open('HIGH'), meanwhile: ([id]) => lab.worsen(id) });
}, 120_000);

it('alerts that share a message stand on it once, and those that join later too', async () => {
  await lab.dieEverywhere({
    prepare: () => lab.open('CRITICAL', { count: 6 }),
    meanwhile: async ([first]) => {
      await lab.resolve(first);
      await lab.open('CRITICAL', { count: 2 });
    },
  });
}, 240_000);

it('alerts that join a message that is there', async () => {
  await lab.dieEverywhere({
    prepare: async () => {
      await lab.open('CRITICAL', { count: 6 });
      await lab.settle();
      return lab.open('CRITICAL', { count: 3 });
    },
    meanwhile: ([first]) => lab.resolve(first),
  });
}, 240_000);

it('an alert on a message of several that becomes worse is told anew', async () => {
  await lab.dieEverywhere({
    prepare: async () => {
      const ids = await lab.open('HIGH', { count: 6 });
      await lab.settle();
      await lab.worsen(ids[0]);
      return ids;
    },
  });
}, 240_000);

it('nothing is lost while Slack accepts connections, stores what it gets and never answers', async () => {
  await lab.clear();
  await lab.outlast({ kind: 'delay', ms: 600 });
}, 120_000);
