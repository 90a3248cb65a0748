import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Site, startSite } from './site.ts';

/*
 * A backend finds a disk broken, and is started again with ignore_broken_disk: then nothing that it says names the disk any more.
 */

let site: Site;
let first: string;
let second: string;
let confFile: string;

beforeAll(async () => {
  site = await startSite();
  [first = ''] = site.paths('be3');
  second = `${first}2`;
  confFile = join(site.managed.host('be3').deployDirs.be ?? '', 'conf', 'be.conf');
  await mkdir(second);
  const options = 'max_percentage_of_error_disk = 50\nignore_broken_disk = true\n';
  await appendFile(confFile, `storage_root_path = ${first}/,medium:hdd;${second}/\n${options}`);
  await startAnew();
  site.lab.watch();
});
afterAll(() => site?.close());

async function startAnew(): Promise<void> {
  await site.world.kill('be3');
  await site.world.start('be3');
  for (let alive = 0; alive < 3; await sleep(100))
    alive = (await site.sql('SHOW BACKENDS')).filter(({ Alive }) => Alive === 'true').length;
}

const told = () => ({
  ...{ rule: 'disk_broken', severity: 'HIGH' as const, title: /be .* has put the disk \S+ aside/ },
  labels: { node: site.label('be3'), path: second },
  words: /Disk in use of \/\S+ on be .* is 0, below 1, since /,
});

/** What the cluster itself says of the disks of the backend. */
async function shownByStarRocks(): Promise<readonly string[]> {
  const backends = await site.sql('SHOW BACKENDS');
  const { address } = site.world.node('be3');
  const id = backends.find(({ IP }) => IP === address)?.BackendId ?? '';
  return (await site.sql(`SHOW PROC '/backends/${id}'`)).map(({ RootPath }) => RootPath ?? '');
}

async function stateOf() {
  const open = await site.lab.open(site.clusterId);
  return open.filter(({ rule }) => rule === 'disk_broken').map(({ signal, labels }) => [signal, labels.path]);
}

it('goes on being told while be.conf names it, and is over once it does not', async () => {
  // It is remembered from a look on.
  await sleep(4_000);
  await rename(second, `${second}.gone`);
  await site.lab.tells(site.clusterId, told());

  await startAnew();
  await expect.poll(shownByStarRocks, { timeout: 60_000 }).toEqual([first]);
  // Ten looks, and the conf file is read meanwhile.
  for (let times = 0; times < 12; times += 1) {
    await sleep(1_200);
    expect(await stateOf()).toEqual([[expect.stringMatching(/^(FIRING|STALE)$/), second]]);
  }
  await expect.poll(stateOf, { timeout: 60_000 }).toEqual([['FIRING', second]]);
  const others = (await site.lab.open(site.clusterId)).filter(({ rule }) => rule !== 'disk_broken');
  expect(others.map(({ title }) => title)).toEqual([]);

  const text = await readFile(confFile, 'utf8');
  await writeFile(confFile, text.replace(`;${second}/`, ''));
  await site.lab.tellsOfTheEnd(site.clusterId, told());
});
