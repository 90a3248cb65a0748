import { expect, it } from 'vitest';
import { repositoriesView, snapshotsView } from '../../src/bot/views/repositories.ts';
import { textLength } from '../../src/bot/views/text.ts';
import { seeRepositories } from '../../src/domain/backup/seen-repository.ts';
import { seeSnapshots } from '../../src/domain/backup/seen-snapshot.ts';
import { friday } from '../domain/backup/catalogued.ts';
import { repository } from '../operations/backup/deletion-lab.ts';

const row = { name: 'nightly', isReadOnly: false, location: 's3://backups', createdAt: null, errorMessage: null };
const problem = { code: 'OBJECT_STORE_KEY_REFUSED', message: 'The store refused <!channel> the key', since: friday };
const managed = [{ ...repository, usedBytes: 3 * 1_073_741_824, checkedAt: friday, problem }];
const rows = [row, { ...row, name: 'by_hand', isReadOnly: true }];
const repositories = seeRepositories({ clusterId: 'clu_1', managed, rows });

it('shows in words where each repository is, how it came and how it is', () => {
  const { text, blocks } = repositoriesView({ clusterName: 'prod-eu', repositories, problems: [] });
  expect(text).toBe('prod-eu: 2 repositories, 1 not usable, 0 of unknown health.');
  const all = JSON.stringify(blocks);
  expect(all).toContain('`by_hand` at `s3://backups`: S3, read-only, made by hand, only StarRocks knows it. Well;');
  expect(all).toContain('created by Starwarden, 3.0 GiB used. *NOT USABLE*; tried by Starwarden: The store refused');
  expect(all).not.toMatch(/<!channel>|secret:|rpy_/);
});

it('calls nothing well when the cluster did not tell', () => {
  const unasked = seeRepositories({ clusterId: 'clu_1', managed: [repository], rows: null });
  const problems = ['The cluster did not tell its repositories: connection refused'];
  const { text, blocks } = repositoriesView({ clusterName: 'prod-eu', repositories: unasked, problems });
  expect(text).toBe('prod-eu: 1 repository, 0 not usable, 1 of unknown health.');
  expect(JSON.stringify(blocks)).toContain('*Health not known*; never tried by Starwarden itself');
  expect(JSON.stringify(blocks)).toContain('connection refused.');
  expect(JSON.stringify(blocks)).not.toContain('Well');
});

it('lists what lies there, foreign names as text only, and says how much is left out', () => {
  const hostile = ['../up', 'a*', '<!here>', '`x` *y*', '\u202egnp'];
  const names = [...hostile, ...Array.from({ length: 10_000 }, (_, at) => `s${at}`)];
  const listed = names.map((snapshot) => ({ snapshot, timestamps: ['2026-11-20'], database: null, status: 'OK' }));
  const snapshots = seeSnapshots(listed, { origin: '1', location: 's3://backups', backups: [] });
  const [nightly] = repositories.filter(({ name }) => name === 'nightly');
  if (nightly === undefined) throw new Error('nightly is not seen');
  const { text, blocks } = snapshotsView({ clusterName: 'prod-eu', repository: nightly, snapshots, problems: [] });
  expect(text).toBe('nightly of prod-eu: 10005 snapshots, 0 ours, 10005 foreign, 0 not certain.');
  const all = JSON.stringify(blocks);
  expect(all).toContain('`../up`: 2026-11-20, complete');
  expect(all).toContain("`'x' *y*`");
  expect(all).toMatch(/… and 9,?\d{3} more/);
  expect(all).not.toMatch(/<!here>|\u202e/);
  expect(textLength(blocks)).toBeLessThan(12_000);
});
