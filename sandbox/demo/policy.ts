import { z } from 'zod';
import { type S3Server, startS3 } from '../s3/start-s3.ts';
import { expectEqual, rootSql, said, slackOf, type Tour, until } from './parts.ts';
import { type Told, Wrong } from './teller.ts';

/** What the chapters about a policy hand on to each other. */
export type PolicyStory = {
  readonly s3: S3Server;
  policyId: string;
  contentHash: string;
  /** Schedules of the policy, by its part. */
  schedules: ReadonlyMap<string, string>;
};

/** Not the demo data, whose rows the chapters that follow count. */
const database = 'shop';
const bucket = 'vault';
const repository = 'vault';
const root = `nightly/__starrocks_repository_${repository}/`;

const userErrors = z.array(z.object({ code: z.string(), message: z.string() }));

/** An object store that speaks S3, of another maker; it ends with `stop`. */
export async function startPolicyStory(): Promise<PolicyStory> {
  return { s3: await startS3({ buckets: [bucket] }), policyId: '', contentHash: '', schedules: new Map() };
}

export async function createRepository({ api, clusterId, teller }: Tour, { s3 }: PolicyStory): Promise<Told> {
  const { accessKey, secretKey } = s3.user;
  const input = (secret: string) => ({
    clusterId,
    name: repository,
    location: `s3://${bucket}/nightly`,
    readOnly: false,
    s3: { endpoint: s3.endpoint, region: s3.region, pathStyle: true, accessKey, secretKey: secret },
  });
  const { run: asked } = await api.ask('createRepository', input('not-the-key'));
  const failed = asked === null ? null : await api.ending(asked.id);
  expectEqual(failed?.state ?? 'refused', 'FAILED', 'the run with a wrong key');
  const run = await api.carryOut('createRepository', input(secretKey), teller.now);
  const text = 'query ($id: ID!) { run(id: $id) { plan { steps { title params } } } }';
  const { plan } = (await api.query(planShape, text, { id: run.id })).run;
  if (JSON.stringify(plan).includes(secretKey)) throw new Wrong('The key stands in the plan');
  return {
    did: `R-${run.number} made ${repository} in an S3 server, after writing, reading and removing an object there`,
    checked: [
      `with a wrong key it ended with ${failed?.failure?.code}, and StarRocks was not asked`,
      'the key stands nowhere in its plan',
    ],
  };
}

const planShape = z.object({ run: z.object({ plan: z.object({ steps: z.array(z.unknown()).min(1) }) }) });

const policyShape = z.object({
  payload: z.object({
    policy: z
      .object({
        id: z.string(),
        contentHash: z.string(),
        isArmed: z.boolean(),
        tiers: z.array(z.object({ name: z.string(), kind: z.string(), nextTimes: z.array(z.string()) })),
      })
      .nullable(),
    userErrors,
  }),
});
const schedulesShape = z.object({
  schedules: z.object({ nodes: z.array(z.object({ id: z.string(), name: z.string() })) }),
});

export async function createPolicy({ api, clusterId, world }: Tour, story: PolicyStory): Promise<Told> {
  await asRoot(world, [
    `CREATE DATABASE ${database}`,
    ...['orders', 'customers'].flatMap((table) => [
      `CREATE TABLE ${database}.${table} (id BIGINT NOT NULL, amount_cents BIGINT NOT NULL)
PRIMARY KEY (id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`,
      `INSERT INTO ${database}.${table} VALUES (1, 500), (2, 700), (3, 900)`,
    ]),
  ]);
  const { payload } = await api.query(
    policyShape,
    `mutation ($input: CreateBackupPolicyInput!) { payload: createBackupPolicy(input: $input) {
      policy { id contentHash isArmed tiers { name kind nextTimes(first: 1) } } userErrors { code message }
    } }`,
    { input: { clusterId, name: 'standard', repository, databases: [database] } },
  );
  const { policy } = payload;
  if (policy === null) throw new Wrong(`The policy was refused: ${payload.userErrors[0]?.message}`);
  expectEqual(policy.isArmed, false, 'whether a new policy may delete');
  story.policyId = policy.id;
  story.contentHash = policy.contentHash;
  const { schedules } = await api.query(schedulesShape, '{ schedules(first: 50) { nodes { id name } } }');
  const ours = schedules.nodes.filter(({ name }) => name.startsWith('standard-'));
  story.schedules = new Map(ours.map(({ id, name }) => [name.slice('standard-'.length), id]));
  expectEqual(ours.length, policy.tiers.length + 1, 'schedules of the policy');
  return {
    did: `one mutation made the shipped policy for ${database}, with ${ours.length} schedules`,
    listed: policy.tiers.map(({ name, kind, nextTimes }) => `${name} (${kind}): next at ${nextTimes[0]}`),
    checked: ['it may delete nothing until a person arms it'],
  };
}

const firedShape = z.object({ payload: z.object({ run: z.object({ id: z.string() }).nullable(), userErrors }) });
const backupShape = z.object({
  id: z.string(),
  state: z.string(),
  kind: z.string(),
  snapshot: z.string().nullable(),
  objectCount: z.number().nullable(),
  partitionCount: z.number().nullable(),
  base: z.object({ snapshot: z.string().nullable() }).nullable(),
  verifications: z.array(z.object({ level: z.string(), passed: z.boolean().nullable(), message: z.string() })),
});
const backupsShape = z.object({ backups: z.object({ nodes: z.array(backupShape) }) });

export async function takeByPolicy(tour: Tour, story: PolicyStory): Promise<Told> {
  const full = await fire(tour, story, 'weekly');
  expectEqual(full.kind, 'FULL', 'kind of the weekly backup');
  await asRoot(tour.world, [`INSERT INTO ${database}.orders VALUES (4, 1100)`]);
  const daily = await fire(tour, story, 'daily');
  expectEqual(daily.kind, 'INCREMENTAL', 'kind of the daily backup');
  expectEqual(daily.base?.snapshot ?? null, full.snapshot, 'base of the daily backup');
  expectEqual(daily.partitionCount, 1, 'partitions in the daily backup');
  const again = await fire(tour, story, 'six-hourly');
  const l1 = full.verifications.find(({ level }) => level === 'L1');
  expectEqual(l1?.passed ?? null, true, 'verification of the full backup');
  return {
    did: `its schedules ran: ${full.snapshot} in full, then one order was written, then ${daily.snapshot}`,
    checked: [
      `the full one has ${full.objectCount} objects, each looked at: ${l1?.message}`,
      `the incremental one holds ${daily.partitionCount} of ${full.partitionCount} partitions, and needs ${daily.base?.snapshot}`,
      `the next one holds ${again.partitionCount ?? 'no'} partition too, measured from the same full one`,
    ],
  };
}

/** Lets a schedule of the policy run now, and answers the backup that came of it. */
async function fire({ api, teller }: Tour, { schedules }: PolicyStory, part: string) {
  const { payload } = await api.query(
    firedShape,
    'mutation ($id: ID!) { payload: runScheduleNow(id: $id) { run { id } userErrors { code message } } }',
    { id: schedules.get(part) },
  );
  if (payload.run === null) throw new Wrong(`${part} was refused: ${payload.userErrors[0]?.message}`);
  const run = await api.ending(payload.run.id, teller.now);
  if (run.state !== 'SUCCEEDED') throw new Wrong(`${part} ended as ${run.state}: ${run.failure?.message}`);
  const [backup] = await backupsOf(api);
  if (backup === undefined) throw new Wrong(`${part} left no backup`);
  expectEqual(backup.state, 'AVAILABLE', `state of the ${part} backup`);
  return backup;
}

async function backupsOf(api: Tour['api']) {
  const { backups } = await api.query(
    backupsShape,
    `{ backups(first: 20) { nodes { id state kind snapshot objectCount partitionCount base { snapshot }
      verifications { level passed message } } } }`,
  );
  return backups.nodes;
}

const retentionShape = z.object({
  retentionPlan: z.object({
    deleteCount: z.number(),
    blockers: z.array(z.string()),
    keep: z.array(
      z.object({
        backup: z.object({ snapshot: z.string().nullable() }),
        because: z.array(z.object({ rule: z.string(), message: z.string() })),
      }),
    ),
  }),
});

export async function explainRetention({ api }: Tour, { policyId }: PolicyStory): Promise<Told> {
  const { retentionPlan: plan } = await api.query(
    retentionShape,
    `query ($id: ID!) { retentionPlan(policyId: $id) {
      deleteCount blockers keep { backup { snapshot } because { rule message } }
    } }`,
    { id: policyId },
  );
  const ours = plan.keep.filter(({ because }) => because.every(({ rule }) => rule !== 'OTHER_POLICY'));
  if (ours.some(({ because }) => because.length === 0)) throw new Wrong('A backup stays without a reason');
  if (plan.blockers.length === 0) throw new Wrong('A policy that nobody armed may delete');
  expectEqual(plan.deleteCount, 0, 'backups that would be deleted');
  return {
    did: `retentionPlan says of all ${plan.keep.length} backups why they stay`,
    listed: ours.map(
      ({ backup, because }) => `${backup.snapshot} stays: ${because.map(({ message }) => message).join('; ')}`,
    ),
    checked: [`it would delete nothing, and could not: ${plan.blockers[0]}`],
  };
}

const verifyShape = z.object({ payload: z.object({ run: z.object({ id: z.string() }).nullable(), userErrors }) });

export async function damageBackup(tour: Tour, story: PolicyStory): Promise<Told> {
  const { api, teller, world, clusterId } = tour;
  const full = (await backupsOf(api)).find(({ kind, snapshot }) => kind === 'FULL' && snapshot !== null);
  const objects = await story.s3.inside.list(bucket, `${root}__ss_${full?.snapshot}/__ss_content/`);
  const [lost] = objects;
  if (full === undefined || lost === undefined) throw new Wrong('There is no object to lose');
  await story.s3.inside.remove(bucket, lost.key);
  const { payload } = await api.query(
    verifyShape,
    'mutation ($input: VerifyBackupInput!) { payload: verifyBackup(input: $input) { run { id } userErrors { code message } } }',
    { input: { clusterId, backupId: full.id, level: 'L1' } },
  );
  if (payload.run === null) throw new Wrong(`verifyBackup was refused: ${payload.userErrors[0]?.message}`);
  await api.ending(payload.run.id, teller.now);
  const now = (await backupsOf(api)).find(({ id }) => id === full.id);
  expectEqual(now?.state, 'BROKEN', 'state of the backup that lost an object');
  const lee = slackOf(world).person('lee');
  const alert = () => lee.sees('#ops-alerts').find((message) => /verif|not whole|damaged/i.test(said(message)));
  await until('an alert about the backup', 20_000, async () => alert() !== undefined);
  return {
    did: `one object of ${full.snapshot} was removed behind everybody's back, and verifyBackup looked`,
    checked: [
      `the backup is ${now?.state}: ${now?.verifications.findLast(({ passed }) => passed === false)?.message}`,
      `#ops-alerts says: "${alert()?.text.split('\n')[0]}"`,
    ],
  };
}

export async function showInSlack({ world }: Tour): Promise<Told> {
  const kim = slackOf(world).person('kim');
  const seenBefore = kim.sees('#sr-demo').map(({ ts }) => ts);
  const typed = await kim.slash('/sr backups demo', { channel: '#sr-demo' });
  expectEqual(typed.outcome, 'ok', 'what Kim sees after typing');
  const answer = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) => message.isEphemeral && !seenBefore.includes(message.ts) && said(message).includes(database),
    timeoutMs: 20_000,
  });
  const lines = [...new Set(said(answer).split('\n'))].filter((line) => line.trim() !== '');
  if (!lines.some((line) => /standard/.test(line)))
    throw new Wrong(`/sr backups does not name the policy: ${said(answer)}`);
  return {
    did: 'Kim typed /sr backups demo',
    listed: lines.slice(0, 16).map((line) => line.slice(0, 200)),
    checked: [`it tells how far back ${database} can go, its backups of two weeks, and what comes next`],
  };
}

const removedShape = z.object({ payload: z.object({ userErrors }) });

/** So that no schedule fires in the chapters that follow, whose store is gone by then. */
export async function removePolicy({ api, clusterId, teller, world }: Tour, { policyId }: PolicyStory): Promise<Told> {
  const { payload } = await api.query(
    removedShape,
    'mutation ($id: ID!) { payload: removeBackupPolicy(id: $id) { userErrors { code message } } }',
    { id: policyId },
  );
  if (payload.userErrors.length > 0) throw new Wrong(`removeBackupPolicy: ${payload.userErrors[0]?.message}`);
  const { schedules } = await api.query(schedulesShape, '{ schedules(first: 50) { nodes { id name } } }');
  expectEqual(schedules.nodes.length, 0, 'schedules that are left');
  const before = (await backupsOf(api)).length;
  await api.carryOut('dropRepository', { clusterId, name: repository }, teller.now);
  expectEqual((await backupsOf(api)).length, before, 'backups in the history');
  await asRoot(world, [`DROP DATABASE ${database} FORCE`]);
  return {
    did: `${repository} and its policy are forgotten, with no object touched`,
    checked: [`its schedules are gone, and the ${before} backups stay in the history`],
  };
}

async function asRoot(world: Tour['world'], statements: readonly string[]): Promise<void> {
  const sql = await rootSql(world);
  try {
    for (const statement of statements) await sql.query(statement);
  } finally {
    sql.close();
  }
}
