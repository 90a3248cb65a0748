import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { clusterInput, hostsInput } from '../world/register.ts';
import type { World } from '../world/start-world.ts';
import { createApi } from './api.ts';
import { bringBackDropped } from './dropped-table.ts';
import { growFromApi, growthStory, shrinkFromSlack } from './growth.ts';
import { askAboutAlert, fillDisk, makeRoom, numbersStory } from './numbers.ts';
import {
  addressOf,
  buttonOf,
  expectEqual,
  nodesQuery,
  nodesShape,
  rootSql,
  said,
  slackOf,
  type Tour,
  until,
} from './parts.ts';
import {
  createPolicy,
  createRepository,
  damageBackup,
  explainRetention,
  removePolicy,
  showInSlack,
  startPolicyStory,
  takeByPolicy,
} from './policy.ts';
import { type Teller, type Told, Wrong } from './teller.ts';
import { checkUpgrade, registerRelease, undoFromSlack, upgradeFromSlack, upgradeStory } from './upgrade.ts';

/** Shows what Starwarden does, on a world that is up. Every chapter checks what it tells; the first that is wrong ends it. */
export async function giveTour(world: World, teller: Teller): Promise<void> {
  if (world.starwarden === null || world.slack === null)
    throw new Wrong('The tour needs Starwarden and Slack in the world');
  const api = createApi({ url: world.starwarden.graphqlUrl, token: world.starwarden.tokens.admin });
  const tour: Tour = { world, api, teller, clusterId: '' };
  teller.heading('A cluster comes under management');
  await teller.chapter('Register the cluster', async () => registerCluster(tour));
  await teller.chapter('Attach its hosts over SSH', async () => attachHosts(tour));
  await teller.chapter('Check its health', async () => checkCluster(tour));
  teller.heading('A backup that can be restored');
  await teller.chapter('Back a database up', async () => backUp(tour));
  await teller.chapter('Restore it beside the original', async () => restoreAside(tour));
  await teller.chapter('Bring a dropped table back from Slack', async () => bringBackDropped(tour));
  teller.heading('Backups by policy');
  const policy = await startPolicyStory();
  try {
    await teller.chapter('Make a repository', async () => createRepository(tour, policy));
    await teller.chapter('Make a policy', async () => createPolicy(tour, policy));
    await teller.chapter('Let its schedules run', async () => takeByPolicy(tour, policy));
    await teller.chapter('Ask what it would delete', async () => explainRetention(tour, policy));
    await teller.chapter('Lose an object of a backup', async () => damageBackup(tour, policy));
    await teller.chapter('Look at it in Slack', async () => showInSlack(tour));
    await teller.chapter('Take the policy away', async () => removePolicy(tour, policy));
  } finally {
    await policy.s3.stop();
  }
  teller.heading('From Slack');
  await teller.chapter('Restart a backend from Slack', async () => restartFromSlack(tour));
  await teller.chapter('Kill a backend', async () => alertOnKill(tour));
  await teller.chapter('Start it again', async () => startKilled(tour));
  teller.heading('Numbers and alerts');
  const numbers = numbersStory();
  await teller.chapter('Fill a disk', async () => fillDisk(tour, numbers));
  await teller.chapter('Ask about it in Slack', async () => askAboutAlert(tour, numbers));
  await teller.chapter('Make room again', async () => makeRoom(tour, numbers));
  teller.heading('Growing, and shrinking again');
  const growth = growthStory();
  try {
    await teller.chapter('Add two backends', async () => growFromApi(tour, growth));
    await teller.chapter('Let them go from Slack', async () => shrinkFromSlack(tour, growth));
  } finally {
    await growth.loop?.stop();
  }
  teller.heading('When Starwarden itself dies');
  await teller.chapter('Kill Starwarden in the middle of a backup', async () => surviveCrash(tour));
  teller.heading('An upgrade, and its way back');
  const story = upgradeStory(world.describe().cluster.version);
  try {
    await teller.chapter('Register a release', async () => registerRelease(tour, story));
    await teller.chapter('Check the way there', async () => checkUpgrade(tour, story));
    await teller.chapter('Upgrade from Slack', async () => upgradeFromSlack(tour, story));
    await teller.chapter('Undo it', async () => undoFromSlack(tour, story));
  } finally {
    await story.loop?.stop();
  }
}

async function registerCluster(tour: Tour): Promise<Told> {
  const { cluster } = tour.world.describe();
  const run = await tour.api.carryOut('registerCluster', clusterInput(tour.world.describe()));
  const { cluster: known } = await tour.api.query(nodesShape, nodesQuery, { name: 'demo' });
  tour.clusterId = known.id;
  expectEqual(known.frontends.length, cluster.frontends.length, 'frontends');
  expectEqual(known.backends.length, cluster.backends.length, 'backends');
  return {
    did: `R-${run.number} read its nodes from one frontend`,
    checked: [
      `${known.frontends.length} frontends and ${known.backends.length} backends, the leader is ${known.frontends.find((node) => node.role === 'LEADER')?.address}`,
      `possible with it now: ${known.capability}`,
    ],
  };
}

async function attachHosts(tour: Tour): Promise<Told> {
  const { hosts } = tour.world.describe();
  const { cluster } = await tour.api.query(nodesShape, nodesQuery, { name: 'demo' });
  const input = await hostsInput(tour.world.describe(), cluster);
  const unvouched = input.hosts.map(({ hostKeyFingerprint: _, ...entry }) => entry);
  const refused = await tour.api.ask('attachHosts', { ...input, hosts: unvouched });
  expectEqual(refused.userErrors[0]?.code ?? 'accepted', 'HOST_KEY_UNKNOWN', 'answer to keys that nobody vouched for');
  const run = await tour.api.carryOut('attachHosts', input, tour.teller.now);
  const { cluster: after } = await tour.api.query(nodesShape, nodesQuery, { name: 'demo' });
  if (after.capability === 'SQL_ONLY') throw new Wrong('The cluster is still SQL only');
  return {
    did: `R-${run.number} logged in to ${hosts.length} hosts, ${hosts.filter(({ nodes }) => nodes.length === 0).length} of them empty`,
    checked: [
      `without fingerprints it was refused: ${refused.userErrors[0]?.code}`,
      `possible with it now: ${after.capability}`,
    ],
  };
}

async function checkCluster(tour: Tour): Promise<Told> {
  const run = await tour.api.carryOut('checkCluster', { clusterId: tour.clusterId });
  const checks = run.postCheck?.checks ?? [];
  const failed = checks.filter((check) => check.status === 'FAIL');
  return {
    did: `R-${run.number} made ${checks.length} checks, ${checks.filter((check) => check.status === 'PASS').length} passed`,
    checked: failed.map((check) => `${check.name}: ${check.observed}`),
  };
}

async function backUp(tour: Tour): Promise<Told> {
  const { cluster } = tour.world.describe();
  const input = { clusterId: tour.clusterId, database: cluster.database };
  const dry = await tour.api.ask('backUpDatabase', input, { dryRun: true });
  expectEqual(dry.run, null, 'run of a dry run');
  const run = await tour.api.carryOut('backUpDatabase', input, tour.teller.now);
  const { backups } = await tour.api.query(backupsShape, backupsQuery, { id: tour.clusterId });
  const [newest] = backups.nodes;
  expectEqual(newest?.state, 'AVAILABLE', 'state of the backup');
  return {
    did: `R-${run.number} took ${newest?.snapshot}`,
    checked: [
      `the dry run before showed ${dry.plan?.steps.length} steps and started nothing`,
      `SHOW SNAPSHOT has it, timestamp ${newest?.backupTimestamp}`,
    ],
  };
}

const backupsShape = z.object({
  backups: z.object({
    nodes: z.array(
      z.object({
        snapshot: z.string(),
        repository: z.string(),
        state: z.string(),
        backupTimestamp: z.string().nullable(),
      }),
    ),
  }),
});
const backupsQuery =
  'query Backups($id: ID!) { backups(filter: { clusterId: $id }, first: 1) { nodes { snapshot repository state backupTimestamp } } }';

/** By plain SQL: the proof that the backup holds the data does not rest on Starwarden's word. */
async function restoreAside(tour: Tour): Promise<Told> {
  const { cluster } = tour.world.describe();
  const { backups } = await tour.api.query(backupsShape, backupsQuery, { id: tour.clusterId });
  const [backup] = backups.nodes;
  if (backup === undefined) throw new Wrong('There is no backup');
  const sql = await rootSql(tour.world);
  try {
    await sql.query('CREATE DATABASE sales_restored');
    const replicas = Math.min(cluster.backends.length, 3);
    await sql.query(
      `RESTORE SNAPSHOT sales_restored.${backup.snapshot} FROM ${backup.repository} PROPERTIES ("backup_timestamp" = "${backup.backupTimestamp}", "replication_num" = "${replicas}")`,
    );
    await until(
      'the restore to finish',
      120_000,
      async () => (await sql.query('SHOW RESTORE FROM sales_restored'))[0]?.State === 'FINISHED',
    );
    const checked: string[] = [];
    for (const table of cluster.tables) {
      const [row] = await sql.query(`SELECT COUNT(*) AS n, SUM(amount_cents) AS s FROM sales_restored.${table.name}`);
      expectEqual(Number(row?.n), table.rows, `rows of ${table.name}`);
      expectEqual(Number(row?.s), table.amountCents, `sum of ${table.name}`);
      checked.push(`${table.name}: ${row?.n} rows, amounts add up to ${row?.s}, as in the original`);
    }
    await sql.query('DROP DATABASE sales_restored');
    return { did: `into another database, by plain SQL`, checked };
  } finally {
    sql.close();
  }
}

async function restartFromSlack(tour: Tour): Promise<Told> {
  const { world, teller } = tour;
  const kim = slackOf(world).person('kim');
  const target = addressOf(world, 'be1');
  const before = world.pidOf('be1');
  const typed = await kim.slash(`/sr restart demo ${target}`, { channel: '#sr-demo' });
  expectEqual(typed.outcome, 'ok', 'what Kim sees after typing');
  const preview = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) => buttonOf(message, /^start/i) !== null,
    timeoutMs: 30_000,
  });
  teller.now('the plan is on the screen; Kim clicks Start');
  const start = buttonOf(preview, /^start/i);
  await kim.click(preview, start?.actionId ?? '', { blockId: start?.blockId ?? '' });
  const card = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) =>
      !message.isEphemeral && /restart/i.test(said(message)) && /succeeded|failed/i.test(said(message)),
    timeoutMs: 240_000,
  });
  const after = world.pidOf('be1');
  if (!/succeeded/i.test(said(card))) throw new Wrong(`The message ended as: ${card.text}`);
  if (after === null || after === before) throw new Wrong(`be1 runs as ${after}, before as ${before}`);
  return {
    did: `Kim typed one line and clicked Start`,
    checked: [
      `acknowledged after ${Math.round(typed.ms)} ms`,
      `process id of be1: ${before} before, ${after} after`,
      `one message, edited ${card.edits} ${card.edits === 1 ? 'time' : 'times'}; at the end: "${card.text}"`,
    ],
  };
}

async function alertOnKill(tour: Tour): Promise<Told> {
  const { world, teller } = tour;
  const lee = slackOf(world).person('lee');
  const pid = await world.kill('be2');
  const began = performance.now();
  teller.now('be2 is killed; the cluster notices after some missed heartbeats');
  const target = addressOf(world, 'be2').split(':')[0] ?? '';
  const alert = await lee.waitForMessage({
    channel: '#ops-alerts',
    where: (message) => said(message).includes(target) && /critical/i.test(said(message)),
    timeoutMs: 120_000,
  });
  return {
    did: `process ${pid}, and #ops-alerts showed it after ${((performance.now() - began) / 1_000).toFixed(1)} s`,
    checked: [`"${alert.text}"`],
  };
}

async function startKilled(tour: Tour): Promise<Told> {
  const { world, api, teller } = tour;
  const lee = slackOf(world).person('lee');
  const target = addressOf(world, 'be2').split(':')[0] ?? '';
  const { cluster } = await api.query(nodesShape, nodesQuery, { name: 'demo' });
  const node = cluster.backends.find((backend) => backend.address === target);
  const run = await api.carryOut('restartNode', { clusterId: tour.clusterId, nodeId: node?.id }, teller.now);
  const resolved = await lee.waitForMessage({
    channel: '#ops-alerts',
    where: (message) => said(message).includes(target) && /resolved/i.test(said(message)) && message.thread.length > 0,
    timeoutMs: 120_000,
  });
  expectEqual(
    lee.sees('#ops-alerts').filter((message) => said(message).includes(target)).length,
    1,
    'messages about be2 in #ops-alerts',
  );
  return {
    did: `R-${run.number} started it, process ${world.pidOf('be2')}`,
    checked: [`the same message: "${resolved.text}"`, `in its thread: "${resolved.thread.at(-1)?.text}"`],
  };
}

async function surviveCrash(tour: Tour): Promise<Told> {
  const { world, api, teller } = tour;
  const { cluster, logs } = world.describe();
  const countBackups = async () =>
    (await readFile(logs.statements, 'utf8')).split('\n').filter((line) => line.includes('BACKUP SNAPSHOT')).length;
  const before = await countBackups();
  const { run } = await api.ask('backUpDatabase', { clusterId: tour.clusterId, database: cluster.database });
  if (run === null) throw new Wrong('The backup was refused');
  await until('BACKUP to be sent', 30_000, async () => (await countBackups()) > before);
  const pid = world.starwarden?.pid();
  await world.starwarden?.kill();
  teller.now('Starwarden is dead; the backup goes on without it');
  await sleep(500);
  await world.starwarden?.start();
  const ended = await api.ending(run.id, teller.now);
  expectEqual(ended.state, 'SUCCEEDED', 'end of the run');
  expectEqual((await countBackups()) - before, 1, 'BACKUP statements that the cluster received');
  return {
    did: `kill -9 ${pid}; the next process finished R-${run.number}`,
    checked: [
      'the cluster received exactly one BACKUP',
      `the end was checked: ${ended.postCheck?.checks[0]?.observed}`,
    ],
  };
}
