import { expect, it } from 'vitest';
import { disksView, tablesView, tabletsView } from '../../src/bot/views/tablets.ts';
import { textLength } from '../../src/bot/views/text.ts';
import { judgeTablets } from '../../src/domain/tablets/replicas.ts';

const balancing = { isOn: true, isColocateOn: true, keptBy: null };
const sales = {
  ...{ name: 'sales', tables: 2, tablets: 12, replicas: 36, unhealthyTablets: 3 },
  ...{ inconsistentTablets: 0, cloningTablets: 1, errorStateTablets: 0 },
};

it('says in words which databases have tablets that are not whole, and which backend is down', () => {
  const deadBackends = [{ label: 'be 10.0.0.1:9050', replicas: 12 }];
  const { text, blocks } = tabletsView({
    ...{ clusterName: 'prod-eu', databases: [sales], deadBackends, balancing, problems: [] },
  });
  expect(text).toBe('Tablets of prod-eu: 3 unhealthy of 12 tablets.');
  const all = JSON.stringify(blocks);
  expect(all).toContain('`sales`: *3 UNHEALTHY*, 1 being made, of 12 tablets in 2 tables');
  expect(all).toContain('`be 10.0.0.1:9050` is *down* with 12 replicas');
});

it('says until when balancing is off, by which run, and how that is ended at once', () => {
  const keptBy = {
    ...{ title: 'off', until: new Date('2027-01-02T14:30:00Z'), runId: 'run_1', runNumber: 12 },
    ...{ operation: 'pauseBalancing', isLeftOver: false, before: null },
  };
  const shown = { clusterName: 'a', databases: [], deadBackends: [], problems: [] };
  const off = tabletsView({ ...shown, balancing: { isOn: false, isColocateOn: false, keptBy } });
  expect(JSON.stringify(off.blocks)).toContain(
    '*Balancing of tablets is off until 2027-01-02 14:30 UTC, by R-12*. `/sr cancel R-12` ends that at once.',
  );
  const byHand = tabletsView({ ...shown, balancing: { isOn: false, isColocateOn: true, keptBy: null } });
  expect(JSON.stringify(byHand.blocks)).toContain('no run of Starwarden did that: somebody has set it*.');
});

it('calls nothing whole when the cluster did not answer', () => {
  const views = [
    tabletsView({
      clusterName: 'a',
      databases: [],
      deadBackends: [],
      balancing: { ...balancing, isOn: null },
      problems: ['no answer'],
    }),
    disksView({ clusterName: 'a', backends: [], problems: ['no answer'] }),
  ];
  for (const { text, blocks } of views) {
    expect(text).toContain('could not be read');
    expect(JSON.stringify(blocks)).toContain('no answer');
    expect(JSON.stringify(blocks)).not.toContain('whole');
  }
});

it('stays within what Slack takes, with names that mean something to it', () => {
  const replicas = [
    {
      ...{ tabletId: '1', replicaId: '2', backendId: '3' },
      ...{ status: 'DEAD', isBad: false, version: 1, committedVersion: 1 },
    },
  ];
  const tables = Array.from({ length: 500 }, (_, at) => ({ name: `<!channel> *t${at}*`, ...judgeTablets(replicas) }));
  const disks = Array.from({ length: 12 }, (_, at) => ({
    ...{ path: `/data${at}/${'x'.repeat(200)}`, medium: 'SSD', state: 'OFFLINE', usedPercent: 88.5 },
    ...{ usedBytes: 1, availableBytes: 2 ** 40, totalBytes: 2, tabletCount: 1_000 },
  }));
  const backends = Array.from({ length: 60 }, (_, at) => ({ label: `be 10.0.0.${at}:9050`, alive: at > 0, disks }));
  const views = [
    tablesView({ clusterName: 'prod-eu', database: '<!here>', tables, problems: [] }),
    disksView({ clusterName: 'prod-eu', backends, problems: [] }),
    tabletsView({
      ...{ clusterName: 'prod-eu', deadBackends: [], balancing, problems: [] },
      databases: Array.from({ length: 400 }, (_, at) => ({ ...sales, name: `db${at}` })),
    }),
  ];
  for (const { blocks } of views) {
    const all = JSON.stringify(blocks);
    expect(all).not.toMatch(/<!(channel|here)>/);
    for (const block of blocks ?? [])
      if (block.type === 'section') expect(textLength(block.text?.text ?? '')).toBeLessThanOrEqual(3_000);
  }
});
