import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { Bot } from '../../src/bot/bot.ts';
import { allCommands } from '../../src/bot/commands/all.ts';
import { parseCommand } from '../../src/bot/commands/grammar.ts';
import { createClients } from '../../src/bot/slack/clients.ts';
import { type RoleBinding, roles } from '../../src/domain/access.ts';
import { compareWorstFirst, healthScoreWords, scoreInWords } from '../../src/domain/health/score.ts';
import { AppError } from '../../src/errors.ts';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { createMaintenanceWindow } from '../../src/store/calendar/windows.ts';
import { databaseNow, readDatabaseTime } from '../../src/store/database.ts';
import { createSilence } from '../../src/store/silences/silences.ts';
import { type Api, startApi } from '../helpers/api.ts';
import { admin } from '../helpers/engine.ts';
import { environments, fillWithRows } from '../store/reads/many-rows.ts';

/*
 * One person, through the API and through the bot's commands, with any roles in any places: both doors show the same, in the
 * same order, and what one does not find the other does not find either.
 */

let api: Api;
let bot: Bot;
let rows: Awaited<ReturnType<typeof fillWithRows>>;
let people = 0;

beforeAll(async () => {
  api = await startApi();
  const { ctx } = api.engine;
  rows = await fillWithRows(ctx.db, { clusters: 60 });
  await silenceEveryPlace(ctx.db, rows.clusters);
  await openWindows(ctx.db);
  const settings = {
    appToken: null,
    signingSecret: null,
    docsUrl: null,
    alertChannel: null,
    fallbackChannel: null,
    digest: { minute: 540, timeZone: 'UTC' },
    runChannel: null,
    links: [],
  };
  bot = {
    ...ctx,
    settings: { ...settings, botToken: 'xoxb-none', apiUrl: null },
    // Nothing that is asked here is sent anywhere.
    clients: createClients({ botToken: 'xoxb-none', apiUrl: 'http://127.0.0.1:1/' }, ctx.log),
    self: { team: 'T000', user: 'U000' },
    seen: { whyNotUser: async () => null, whyNotChannel: async () => null },
    commands: allCommands(ctx.operations),
    wakeCards: () => {},
  };
});
afterAll(() => api.close());

/** One silence of everything, one of each environment, and one of each cluster. */
async function silenceEveryPlace(db: Bot['db'], clusters: readonly { clusterId: string }[]): Promise<void> {
  const until = new Date(Date.now() + 3_600_000);
  const matchers = { rule: 'node_stopped', severities: null, labels: {} };
  const scopes = [
    { kind: 'all' },
    ...environments.map((environment) => ({ kind: 'environment', environment }) as const),
    ...clusters.map(({ clusterId }) => ({ kind: 'cluster', clusterId }) as const),
  ] as const;
  const by = { actor: admin, requestId: null, approvalEnvironments: [] };
  for (const scope of scopes) await createSilence(db, { scope, matchers, until, reason: 'a test' }, by);
}

/** A maintenance window of each environment that is open by the clock of the database and hides alerts, whenever this is run. */
async function openWindows(db: Bot['db']): Promise<void> {
  const opened = new Date((await readDatabaseTime(db)).getTime() - 3_600_000);
  const times = {
    cron: `${opened.getUTCMinutes()} ${opened.getUTCHours()} * * *`,
    timeZone: 'UTC',
    durationMinutes: 720,
  };
  for (const environment of environments) {
    const scope = { kind: 'environment', environment } as const;
    const what = { appliesTo: 'CHANGES', hidesAlertsUpTo: 'LOW', reason: 'a test' } as const;
    await createMaintenanceWindow(
      db,
      { name: `of ${environment}`, scope, ...times, ...what },
      { actor: admin, requestId: null },
    );
  }
}

/** Types a line as this person. `found` = what was called by these letters, in the order of the answer; null = not found. */
async function type(personId: string, line: string, called: RegExp) {
  const parsed = parseCommand(
    line,
    bot.commands.map(({ spec }) => spec),
  );
  if (!('command' in parsed)) throw new Error(parsed.failure.problem);
  const command = bot.commands.find(({ spec }) => spec.verb === parsed.command.verb);
  const actor = await findActorByPersonId(bot.db, personId, 'SLACK');
  if (command === undefined || actor === null) throw new Error('there is no such command, or person');
  const ask = { id: 'cmd_0', team: 'T000', user: 'U000', channel: 'C000', line };
  try {
    const { text, blocks = [] } = await command.run(bot, { ask, actor, command: parsed.command });
    const shown = blocks.flatMap((block) => (block.type === 'section' ? [block.text?.text ?? ''] : [])).join('\n');
    const count = Number(/^\d+/.exec(text)?.[0] ?? 0);
    return { text, count, found: [...shown.matchAll(called)].map(([, name = '']) => name) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** A message may leave out the end of a long list, and says how many there are. */
function expectSame(said: Awaited<ReturnType<typeof type>>, wanted: readonly (string | number)[]) {
  expect(said?.count).toBe(wanted.length);
  expect(said?.found).toEqual(wanted.slice(0, said?.found.length).map(String));
  expect(said?.found.length).toBeGreaterThanOrEqual(Math.min(wanted.length, 15));
}

const list = <T extends z.ZodRawShape>(shape: T) => z.object({ nodes: z.array(z.object(shape)) });
const scoreShape = z.object({
  score: z.int().nullable(),
  word: z.enum(healthScoreWords),
  deductions: z.array(z.object({ name: z.string(), points: z.int(), because: z.string(), subject: z.string() })),
  unknown: z.array(z.string()),
});
const scored = { name: z.string(), healthScore: scoreShape };
const listsShape = z.object({
  clusters: list(scored),
  ofDev: list(scored),
  runs: list({ number: z.int() }),
  ofCluster: list({ number: z.int() }),
  alerts: list({ number: z.int() }),
  schedules: list({ name: z.string() }),
});
const lists = `query ($id: ID!) {
  clusters(first: 100) { nodes { name ...Score } }
  ofDev: clusters(first: 100, filter: { environment: "dev" }) { nodes { name ...Score } }
  runs(first: 15) { nodes { number } }
  ofCluster: runs(first: 15, filter: { clusterId: $id }) { nodes { number } }
  alerts(first: 50, filter: { open: true }) { nodes { number } }
  schedules(first: 100) { nodes { name } }
}
fragment Score on Cluster { healthScore { score word deductions { name points because subject } unknown } }`;
const singles = `query ($name: String!, $run: Int!, $alert: Int!, $approval: ID!, $repository: ID!, $policy: ID!) {
  cluster(name: $name) { name alertHidings { name } backupPolicies { name } repositories { repositories { name } } }
  run(number: $run) { number } alert(number: $alert) { number } node(id: $approval) { id }
  repository: node(id: $repository) { id } policy: node(id: $policy) { id }
}`;
const placesShape = z.object({
  alertHidings: z.array(z.object({ name: z.string() })),
  backupPolicies: z.array(z.object({ name: z.string() })),
  repositories: z.object({ repositories: z.array(z.object({ name: z.string() })) }),
});

const somePlace = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.constantFrom(...environments) },
  { weight: 6, arbitrary: fc.nat({ max: 44 }) },
);

it('the API and the bot show one person the same', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ role: fc.constantFrom(...roles), where: somePlace }), { maxLength: 3 }),
      fc.nat({ max: 10_000 }),
      async (given, draw) => {
        people += 1;
        const bindings = given.map(({ role, where }): RoleBinding => {
          if (where === null) return { role, scope: { kind: 'all' } };
          if (typeof where === 'string') return { role, scope: { kind: 'environment', environment: where } };
          return { role, scope: { kind: 'cluster', clusterId: rows.clusters[where]?.clusterId ?? 'clu_NONE' } };
        });
        const token = await api.login(`person-${people}`, ...bindings);
        const person = z.object({ id: z.string() }).parse((await api.ask(token, '{ viewer { id } }')).data?.viewer);
        const at = <T>(all: readonly T[]): T => {
          const row = all[draw % all.length];
          if (row === undefined) throw new Error('there are no rows');
          return row;
        };
        const [cluster, run, alert, approval] = [at(rows.clusters), at(rows.runs), at(rows.alerts), at(rows.approvals)];

        const answer = await api.ask(token, lists, { id: cluster.clusterId });
        const { clusters, ofDev, runs, ofCluster, alerts, schedules } = listsShape.parse(answer.data);
        const names = (found: z.infer<typeof listsShape>['schedules']) => found.nodes.map(({ name }) => name);
        // The bot puts the worst first, and says of each the same as the API.
        const worstFirst = (found: z.infer<typeof listsShape>['clusters']) =>
          found.nodes
            .toSorted((a, b) => compareWorstFirst(a.healthScore, b.healthScore))
            .map(({ name, healthScore }) => `${scoreInWords(healthScore)}* \`${name}`);
        const numbers = (found: z.infer<typeof listsShape>['runs']) => found.nodes.map(({ number }) => number);
        expectSame(await type(person.id, 'clusters', /^\*(\w.*?\* `cluster-\d+)`/gm), worstFirst(clusters));
        expectSame(await type(person.id, 'clusters --env dev', /^\*(\w.*?\* `cluster-\d+)`/gm), worstFirst(ofDev));
        expectSame(await type(person.id, 'schedules', /^`(s\d+)` on/gm), names(schedules));
        expectSame(await type(person.id, 'runs', /\* R-(\d+) ·/g), numbers(runs));
        expectSame(await type(person.id, 'alerts', /\* A-(\d+) ·/g), numbers(alerts));

        const ofThisCluster = <T extends { clusterId: string }>(all: readonly T[]) =>
          all.filter(({ clusterId }) => clusterId === cluster.clusterId);
        const one = await api.ask(token, singles, {
          name: cluster.name,
          run: run.number,
          alert: alert.number,
          approval: approval.id,
          repository: ofThisCluster(rows.repositories)[0]?.id,
          policy: ofThisCluster(rows.policies)[0]?.id,
        });
        const ofOne = await type(person.id, `runs ${cluster.name}`, /\* R-(\d+) ·/g);
        if (one.data?.cluster === null) expect(ofOne).toBeNull();
        else expectSame(ofOne, numbers(ofCluster));
        const places = await type(person.id, `repositories ${cluster.name}`, /• `(r\d+)` at/g);
        const overview = await type(person.id, `backups ${cluster.name}`, /\*Policy\* `(p\d+)`/g);
        const { repository, policy } = one.data ?? {};
        if (one.data?.cluster === null)
          expect([places, overview, repository, policy]).toEqual([null, null, null, null]);
        else {
          const { backupPolicies, repositories, alertHidings } = placesShape.parse(one.data?.cluster);
          const hiding = alertHidings.map(({ name }) => name);
          // That of everything waits for a second person; those of its environment and of itself hide.
          expect(hiding.filter((name) => name.startsWith('S-')).length).toBe(2);
          expect(hiding.filter((name) => name.startsWith('window '))).toHaveLength(1);
          for (const verb of ['status', 'alerts'])
            expect(
              (await type(person.id, `${verb} ${cluster.name}`, /^• \*([SRA]-\d+|window "of [^"]+")\*.* hides /gm))
                ?.found,
            ).toEqual(hiding);
          expect(places?.found).toEqual(repositories.repositories.map(({ name }) => name));
          expect(overview?.found).toEqual(backupPolicies.map(({ name }) => name));
          expect([places?.found.length, overview?.found.length]).toEqual([1, 1]);
          expect([repository, policy]).not.toContain(null);
        }
        const asked = {
          cluster: await type(person.id, `status ${cluster.name}`, /(?!)/g),
          run: await type(person.id, `run R-${run.number}`, /(?!)/g),
          node: await type(person.id, `run P-${approval.number}`, /(?!)/g),
        };
        for (const [field, said] of Object.entries(asked))
          expect([field, said === null]).toEqual([field, one.data?.[field] === null]);
      },
    ),
    { numRuns: 25 },
  ));

const whyShape = z.object({
  cluster: z.object({
    alertRules: z.array(z.object({ standing: z.string(), rule: z.object({ name: z.string() }), present: z.string() })),
    whyNot: z.object({ summary: z.string(), findings: z.array(z.object({ words: z.string() })) }),
    alertNoise: z.object({
      rules: z.array(
        z.object({ rule: z.string(), firings: z.number(), advice: z.array(z.object({ words: z.string() })) }),
      ),
    }),
  }),
  alert: z.object({ why: z.object({ summary: z.string(), findings: z.array(z.object({ words: z.string() })) }) }),
});
const whyAsked = `query ($cluster: String!, $alert: Int!) {
  cluster(name: $cluster) { alertRules { standing rule { name } present } whyNot(rule: "node_down") { summary findings { words } } alertNoise { rules { rule firings advice { words } } } }
  alert(number: $alert) { why { summary findings { words } } }
}`;
/** What Slack does not show as it is, and times that went by between the two questions. */
const bare = (words: string) => words.replaceAll(/[&<>`']|&\w+;/g, '').replaceAll(/\d+ (s|min|h)\b/g, 'a while');

it('the API and the bot say the same of rules, of why somebody is told and why nobody is', async () => {
  const alert = rows.alerts.find(({ clusterId }) => rows.clusters.some((each) => each.clusterId === clusterId));
  const cluster = rows.clusters.find(({ clusterId }) => clusterId === alert?.clusterId);
  if (alert === undefined || cluster === undefined) throw new Error('no alert is of a cluster that there is');
  const fired = (['OPENED', 'RESOLVED', 'REOPENED', 'RESOLVED', 'REOPENED', 'RESOLVED'] as const).map(
    (type, index) => ({
      ...{
        alert_id: alert.id,
        revision: index + 1,
        at: databaseNow,
        type,
        message: type,
        actor_id: null,
        actor_name: null,
      },
    }),
  );
  await bot.db.insertInto('alert_event').values(fired).execute();
  const token = await api.login('who-asks-why', { role: 'VIEWER', scope: { kind: 'all' } });
  const person = z.object({ id: z.string() }).parse((await api.ask(token, '{ viewer { id } }')).data?.viewer);
  const answer = await api.ask(token, whyAsked, { cluster: cluster.name, alert: alert.number });
  const { cluster: of, alert: told } = whyShape.parse(answer.data);
  const rules = await type(person.id, `rules ${cluster.name}`, /^\S+ \*\w+\* `(\w+)`/gm);
  expect(rules?.count).toBe(of.alertRules.length);
  expect(rules?.found.length).toBeGreaterThan(10);
  expect(rules?.found).toEqual(of.alertRules.slice(0, rules?.found.length).map(({ rule }) => rule.name));
  const late = `{ cluster(name: "${cluster.name}") { alertNoise(since: "${new Date(Date.now() - 91 * 86_400_000).toISOString()}") { isCut } } }`;
  expect((await api.ask(token, late)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  await expect(type(person.id, `noise ${cluster.name} --since 91d`, /(?!)/g)).rejects.toThrow('91d is no time');
  const loud = of.alertNoise.rules.filter(({ firings }) => firings > 0);
  expect(loud.length).toBeGreaterThan(0);
  const noise = await type(person.id, `noise ${cluster.name}`, /^(.*)$/gm);
  const heard = bare(noise?.found.join('\n') ?? '');
  for (const { rule, firings, advice } of loud) {
    expect(heard).toContain(`${rule} `);
    expect(heard).toContain(`fired *${firings} time${firings === 1 ? '' : 's'}*`);
    for (const { words } of advice) expect(heard).toContain(bare(words));
  }
  for (const [line, { summary, findings }] of [
    [`why-not ${cluster.name} node_down`, of.whyNot],
    [`why A-${alert.number}`, told.why],
  ] as const) {
    const said = await type(person.id, line, /^(.*)$/gm);
    const shown = bare(said?.found.join('\n') ?? '');
    expect(findings.length).toBeGreaterThan(1);
    expect(bare(said?.found[0] ?? '')).toContain(bare(summary));
    for (const { words } of findings) expect(shown).toContain(bare(words));
  }
});

const receiptShape = z.object({
  run: z.object({
    receipt: z.object({ summary: z.string(), open: z.int(), openAlerts: z.array(z.object({ number: z.int() })) }),
  }),
});

it('the API and the bot say the same of what a run hid, and name no alert that somebody may not see', async () => {
  const alert = rows.alerts.find(({ clusterId, environment }) =>
    rows.runs.some((run) => run.clusterId === clusterId && run.environment !== environment),
  );
  const run = rows.runs.find((each) => each.clusterId === alert?.clusterId && each.environment !== alert.environment);
  if (alert === undefined || run === undefined) throw new Error('every run is where its cluster is');
  const fingerprint = 'f'.repeat(64);
  await bot.db.updateTable('alert').set({ open_fingerprint: fingerprint }).where('id', '=', alert.id).execute();
  const [at, never] = [new Date(), null];
  await bot.db
    .insertInto('hidden_by_run')
    .values(
      [fingerprint, 'e'.repeat(64)].map((of) => ({
        ...{ run_id: run.id, fingerprint: of, cluster_id: run.clusterId, rule: 'node_down', labels: '{}' },
        ...{ hidden_at: at, covered_at: at, cleared_at: of === fingerprint ? never : at },
      })),
    )
    .execute();
  for (const { where, named, words } of [
    { where: { kind: 'all' } as const, named: [{ number: alert.number }], words: `(A-${alert.number})` },
    {
      where: { kind: 'environment', environment: run.environment } as const,
      named: [],
      words: '(1 that you may not see)',
    },
  ]) {
    const token = await api.login(`reads-receipts-${where.kind}`, { role: 'VIEWER', scope: where });
    const person = z.object({ id: z.string() }).parse((await api.ask(token, '{ viewer { id } }')).data?.viewer);
    const { data } = await api.ask(
      token,
      `{ run(number: ${run.number}) { receipt { summary open openAlerts { number } } } }`,
    );
    const { receipt } = receiptShape.parse(data).run;
    expect(receipt).toMatchObject({ open: 1, openAlerts: named });
    expect(receipt.summary).toContain(`2 alerts hidden while it worked: 1 cleared by itself, 1 open now ${words}.`);
    const said = await type(person.id, `run R-${run.number}`, /^\*ALERTS\* (.*)$/gm);
    expect(said?.found).toEqual([receipt.summary]);
  }
  const other = rows.runs.find(({ id }) => id !== run.id);
  const token = await api.login('reads-no-receipt', { role: 'VIEWER', scope: { kind: 'all' } });
  const none = await api.ask(token, `{ run(number: ${other?.number}) { receipt { summary } } }`);
  expect(none.data).toEqual({ run: { receipt: null } });
});

it('who may not see a cluster is told of its rules and alerts what is told of those that there are not', async () => {
  const [cluster, other] = rows.clusters;
  const alert = rows.alerts.find(({ clusterId }) => clusterId === cluster?.clusterId);
  if (cluster === undefined || other === undefined || alert === undefined) throw new Error('there are no rows');
  const scope = { kind: 'cluster', clusterId: other.clusterId } as const;
  const token = await api.login('sees-one-other', { role: 'ADMIN', scope });
  const person = z.object({ id: z.string() }).parse((await api.ask(token, '{ viewer { id } }')).data?.viewer);
  const actor = await findActorByPersonId(bot.db, person.id, 'SLACK');
  const ask = { id: 'cmd_0', team: 'T000', user: 'U000', channel: 'C000', line: '' };
  const refusal = async (line: string) => {
    const parsed = parseCommand(
      line,
      bot.commands.map(({ spec }) => spec),
    );
    if (!('command' in parsed) || actor === null) throw new Error('there is no such command, or person');
    const command = bot.commands.find(({ spec }) => spec.verb === parsed.command.verb);
    const failure = await command?.run(bot, { ask, actor, command: parsed.command }).catch((error: unknown) => error);
    if (!(failure instanceof AppError)) throw new Error(`${line} was answered`);
    return { code: failure.code, message: failure.message, hint: failure.hint };
  };
  const without = (name: string, said: Awaited<ReturnType<typeof refusal>>) =>
    JSON.parse(JSON.stringify(said).replaceAll(name, 'NAME'));
  for (const line of ['rules NAME', 'rule node_down NAME', 'why-not NAME node_down', 'noise NAME']) {
    // As like the one that they see as the hidden one is.
    const hidden = await refusal(line.replace('NAME', cluster.name));
    const none = await refusal(line.replace('NAME', 'cluster-00x'));
    expect(without(cluster.name, hidden)).toEqual(without('cluster-00x', none));
    expect(hidden.code).toBe('NOT_FOUND');
  }
  const none = 90_000_000;
  expect(without(`A-${alert.number}`, await refusal(`why A-${alert.number}`))).toEqual(
    without(`A-${none}`, await refusal(`why A-${none}`)),
  );
});

it('a viewer of one cluster finds its runs, its alerts and nobody else in either', async () => {
  const [oldest] = rows.clusters;
  if (oldest === undefined) throw new Error('there are no clusters');
  const { clusterId } = oldest;
  const token = await api.login('viewer-of-one', { role: 'VIEWER', scope: { kind: 'cluster', clusterId } });
  const person = z.object({ id: z.string() }).parse((await api.ask(token, '{ viewer { id } }')).data?.viewer);
  const mine = rows.runs.filter((run) => run.clusterId === clusterId).map(({ number }) => number);
  expectSame(await type(person.id, 'runs', /\* R-(\d+) ·/g), mine.toReversed());
  expectSame(await type(person.id, 'clusters', /`(cluster-\d+)`/g), [oldest.name]);
  const elsewhere = rows.runs.find((run) => run.clusterId !== clusterId);
  await expect(type(person.id, `run R-${elsewhere?.number ?? 0}`, /(?!)/g)).resolves.toBeNull();
});
