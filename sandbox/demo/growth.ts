import { join } from 'node:path';
import { z } from 'zod';
import type { NodeRef } from '../world/installed-node.ts';
import type { QueryLoop } from '../world/query-loop.ts';
import { startQueryLoop } from '../world/query-loop.ts';
import { buttonOf, expectEqual, rootSql, said, slackOf, type Tour, until } from './parts.ts';
import { type Told, Wrong } from './teller.ts';
import { enterRelease } from './upgrade.ts';

/** What the chapters about growing and shrinking hand on to each other. */
export type GrowthStory = {
  /** Users that write and read all the time. */
  loop: QueryLoop | null;
  /** The new backends, as the cluster and as the world know them. */
  readonly added: { readonly address: string; readonly node: NodeRef }[];
  alerts: number;
};

export function growthStory(): GrowthStory {
  return { loop: null, added: [], alerts: 0 };
}

/** Which limits a machine has is its owner's matter; stand-ins need no more than a few files. */
const acceptChecks = ['open-files', 'user-processes'];

export async function growFromApi(tour: Tour, story: GrowthStory): Promise<Told> {
  const { world, api, teller } = tour;
  const { cluster, hosts } = world.describe();
  const empty = hosts.filter(({ nodes }) => nodes.length === 0);
  const inputs = empty.map((host) => backendOn(tour, host));
  const unknown = await api.ask('addBackends', inputs[0] ?? {}, { dryRun: true });
  expectEqual(unknown.userErrors[0]?.code ?? 'accepted', 'NOT_FOUND', 'answer without the release in the catalogue');
  await enterRelease(tour, cluster.version);
  story.alerts = alertsIn(tour);
  story.loop = await startQueryLoop(world);
  const dry = await api.ask('addBackends', inputs[0] ?? {}, { dryRun: true });
  if (dry.plan === null) throw new Wrong(`addBackends was refused: ${dry.userErrors[0]?.message}`);
  const runs = [];
  // All hosts of this world share one disk, so their directories differ, and a request has the same ones for all its hosts.
  for (const input of inputs) runs.push(await api.carryOut('addBackends', input, teller.now));
  story.added.push(
    ...inputs.map(({ hosts: [address = ''], deployDir }) => ({ address, node: { host: address, deployDir } })),
  );
  const isNew = ({ address }: Row) => story.added.some((one) => one.address === address);
  const rows = await backendRows(tour);
  expectEqual(rows.length, cluster.backends.length + empty.length, 'backends');
  expectEqual(rows.filter(({ alive }) => alive).length, rows.length, 'backends that are alive');
  const held = async () => (await backendRows(tour)).filter(isNew).map(({ tablets }) => tablets);
  await until('the new backends to get tablets', 30_000, async () => (await held()).every((count) => count > 0));
  return {
    did: `${runs.map(({ number }) => `R-${number}`).join(' and ')} installed ${cluster.version} on empty hosts; ${cluster.backends.length} backends became ${rows.length}`,
    checked: [
      `without ${cluster.version} in the catalogue it was refused: ${unknown.userErrors[0]?.code}`,
      `the dry run showed ${dry.plan.steps.length} steps: "${dry.plan.summary}"`,
      `SHOW BACKENDS has ${rows.length}, all alive; StarRocks gave the new ones ${(await held()).join(' and ')} tablets`,
      expectUnhurt(story.loop),
    ],
  };
}

function backendOn({ clusterId }: Tour, { address, emptyDirs }: EmptyHost) {
  const deployDir = join(emptyDirs.deploy, 'be');
  return { clusterId, hosts: [address], deployDir, storage: [join(emptyDirs.data, 'be')], acceptChecks };
}

type EmptyHost = ReturnType<Tour['world']['describe']>['hosts'][number];

export async function shrinkFromSlack(tour: Tour, story: GrowthStory): Promise<Told> {
  const { world, teller } = tour;
  const { cluster } = world.describe();
  const { loop, added } = story;
  if (loop === null) throw new Wrong('There is no grown cluster');
  const kim = slackOf(world).person('kim');
  const rows = await backendRows(tour);
  const leaving = rows.filter(({ address }) => added.some((one) => one.address === address));
  const line = `/sr decommission demo ${leaving.map(({ label }) => label).join(' ')} --stall-after-seconds 10`;
  const seenBefore = kim.sees('#sr-demo').map(({ ts }) => ts);
  const typed = await kim.slash(line, { channel: '#sr-demo' });
  expectEqual(typed.outcome, 'ok', 'what Kim sees after typing');
  const preview = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) => message.isEphemeral && !seenBefore.includes(message.ts) && !/planning/i.test(said(message)),
    timeoutMs: 60_000,
  });
  const start = buttonOf(preview, /^start/i);
  if (start === null) throw new Wrong(`Kim sees no plan to start, but: ${said(preview)}`);
  teller.now('the plan is on the screen; Kim clicks Start');
  await kim.click(preview, start.actionId, { blockId: start.blockId });
  const card = await kim.waitForMessage({
    channel: '#sr-demo',
    where: ({ isEphemeral, text, threadTs }) =>
      !isEphemeral && threadTs === null && /decommission/i.test(text) && /^(succeeded|failed)/i.test(text),
    timeoutMs: 240_000,
  });
  if (!/^succeeded/i.test(card.text)) throw new Wrong(`The message ended as: ${said(card)}`);
  const { drained, removed } = await readDrain(tour);
  const left = await backendRows(tour);
  expectEqual(left.length, cluster.backends.length, 'backends');
  for (const { node } of added) expectEqual(world.node(node).pid, null, `process of ${JSON.stringify(node)}`);
  expectEqual(removed.filter(({ processEnded }) => processEnded === true).length, added.length, 'removed nodes');
  const report = await loop.stop();
  expectEqual(report.rowsFound, report.confirmedRows, 'rows that were confirmed to the users');
  expectEqual(report.centsFound, report.confirmedCents, 'their sum');
  const counted = await countSeeded(tour);
  expectEqual(alertsIn(tour), story.alerts, 'alerts');
  return {
    did: `Kim typed ${line} and clicked Start; ${rows.length} backends became ${left.length}`,
    listed: [
      ...drained.map((words) => `on the way: ${words}`),
      ...removed.map(
        ({ label, deployDir, dataDirs }) => `left behind by ${label}: ${deployDir}, ${dataDirs.join(', ')}`,
      ),
    ],
    checked: [
      `the drain said how many tablets were left, ${drained.length} times`,
      `both are listed as removed, with the directories of their data; no process runs from there`,
      `${report.rowsFound} rows were written during all this, and every one of them is there once`,
      ...counted,
      `there and back: ${expectUnhurt(loop)}`,
      'no alert was raised',
    ],
  };
}

type Row = { readonly address: string; readonly label: string; readonly alive: boolean; readonly tablets: number };

/** By plain SQL: what the cluster says does not pass through Starwarden. */
async function backendRows({ world }: Tour): Promise<Row[]> {
  const sql = await rootSql(world);
  try {
    return (await sql.query('SHOW BACKENDS')).map((row) => ({
      address: String(row.IP),
      label: `be ${row.IP}:${row.HeartbeatPort}`,
      alive: row.Alive === 'true',
      tablets: Number(row.TabletNum),
    }));
  } finally {
    sql.close();
  }
}

async function countSeeded({ world }: Tour): Promise<string[]> {
  const sql = await rootSql(world);
  try {
    const { database, tables } = world.describe().cluster;
    const counted: string[] = [];
    for (const { name, rows, amountCents } of tables) {
      const [row] = await sql.query(`SELECT COUNT(*) AS n, SUM(amount_cents) AS s FROM ${database}.${name}`);
      expectEqual(Number(row?.n), rows, `rows of ${name}`);
      expectEqual(Number(row?.s), amountCents, `sum of ${name}`);
      counted.push(`${name}: ${row?.n} rows, as before`);
    }
    return counted;
  } finally {
    sql.close();
  }
}

const drainShape = z.object({
  cluster: z.object({
    removedNodes: z.array(
      z.object({
        label: z.string(),
        deployDir: z.string().nullable(),
        dataDirs: z.array(z.string()),
        processEnded: z.boolean().nullable(),
      }),
    ),
  }),
  runs: z.object({
    nodes: z.array(z.object({ eventLog: z.object({ nodes: z.array(z.object({ message: z.string() })) }) })),
  }),
});

/** What the newest run said of tablets that were left, and what Starwarden lists as removed. */
async function readDrain({ api, clusterId }: Tour) {
  const { cluster, runs } = await api.query(
    drainShape,
    `query ($id: ID!) {
      cluster(id: $id) { removedNodes { label deployDir dataDirs processEnded } }
      runs(filter: { clusterId: $id }, first: 1) { nodes { eventLog(first: 100) { nodes { message } } } }
    }`,
    { id: clusterId },
  );
  const said = runs.nodes.flatMap(({ eventLog }) => eventLog.nodes.map(({ message }) => message));
  const drained = said.filter((message) => /tablets? (is|are) left/.test(message));
  if (drained.length === 0) throw new Wrong(`The run said nothing of tablets that were left, but: ${said.join('; ')}`);
  return { drained, removed: cluster.removedNodes };
}

/** No node that answers queries went away, so every query was answered. */
function expectUnhurt(loop: QueryLoop): string {
  const { queries, failed, longestGapMs } = loop.soFar();
  expectEqual(failed.length, 0, `failed queries, the first "${failed[0]?.message}"`);
  return `${queries} queries, none failed or had a wrong answer; at most ${(longestGapMs / 1_000).toFixed(1)} s without one`;
}

function alertsIn({ world }: Tour): number {
  return slackOf(world).person('lee').sees('#ops-alerts').length;
}
