import { type Actor, canSomewhere } from '../../domain/access.ts';
import { alertHidings } from '../../domain/alert-hidings.ts';
import type { Cluster } from '../../domain/cluster.ts';
import { scoreHealth } from '../../domain/health/score.ts';
import { openRunStates } from '../../domain/run.ts';
import { calendarFor } from '../../domain/why-not-now.ts';
import { hidingReads, readHidings } from '../../store/reads/alert-hidings.ts';
import { countOpenAlertsOfClusters, listAlerts } from '../../store/reads/alerts.ts';
import { readWholeCalendar } from '../../store/reads/calendar.ts';
import { listClusters, nodesOfClusters, removedNodesOfClusters } from '../../store/reads/clusters.ts';
import { factsFor, healthOfClusters } from '../../store/reads/health.ts';
import { listPlannedWork } from '../../store/reads/planned-work.ts';
import { findLastEndedRun, listRuns } from '../../store/reads/runs.ts';
import { listStoppedNodes } from '../../store/reads/stopped-nodes.ts';
import { openUpgradesOfClusters } from '../../store/reads/upgrades.ts';
import { wholeList } from '../../store/reads/visibility.ts';
import type { Bot, BotCommand } from '../bot.ts';
import { readContent } from '../messages/content.ts';
import { findClusterByWord, findRunByWord, readableBy } from '../resolve.ts';
import { alertLine, alertList } from '../views/alert-card.ts';
import { automationLines, heldWord } from '../views/calendar.ts';
import { clusterList, clusterStatus, runList } from '../views/clusters.ts';
import { notice } from '../views/notices.ts';

const shownRuns = 15;
const shownAlerts = 50;
const shownOpenRuns = 10;

export const clusters: BotCommand = {
  spec: { verb: 'clusters', positional: [], flags: [{ name: 'env', takesValue: true, isList: false }] },
  summary: 'List the clusters, the worst first, each with its score and what is worst about it.',
  examples: ['clusters', 'clusters --env prod'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, now }, { actor, command }) {
    const found = await listClusters(db, {
      visibility: readableBy(actor),
      filter: { environment: command.flags.get('env')?.[0] },
      page: wholeList,
    });
    if (found.length === 0) return clusterList([]);
    const ids = found.map((cluster) => cluster.id);
    const nodes = Map.groupBy(await nodesOfClusters(db, ids), (node) => node.clusterId);
    const openAlerts = await countOpenAlertsOfClusters(db, ids);
    const upgrades = await openUpgradesOfClusters(db, ids);
    const calendar = await readWholeCalendar(db);
    const health = new Map((await healthOfClusters(db, ids)).map((stored) => [stored.clusterId, stored]));
    const scoreOf = (cluster: Cluster) => {
      const stored = health.get(cluster.id);
      return stored === undefined ? [] : [{ cluster, score: scoreHealth(factsFor(cluster, stored)) }];
    };
    return clusterList(
      found.flatMap(scoreOf).map(({ cluster, score }) => ({
        health: score,
        held: heldWord(calendarFor(calendar, { clusterId: cluster.id, environment: cluster.environment }), now()),
        cluster,
        nodes: nodes.get(cluster.id) ?? [],
        openAlerts: openAlerts.get(cluster.id) ?? 0,
        openUpgrades: upgrades.filter((upgrade) => upgrade.clusterId === cluster.id),
      })),
    );
  },
};

export const status: BotCommand = {
  spec: { verb: 'status', positional: [{ name: 'cluster', kind: 'word', isOptional: true }], flags: [] },
  summary: 'Show one cluster: its nodes, runs and open alerts. Without a name, all of them.',
  examples: ['status prod-eu', 'status'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, call) {
    const { db } = bot;
    const word = call.command.words.get('cluster')?.[0];
    if (word === undefined) return clusters.run(bot, call);
    const cluster = await findClusterByWord(db, call.actor, word, { exact: false });
    const visibility = readableBy(call.actor);
    const nodes = await nodesOfClusters(db, [cluster.id]);
    const alerts = await listAlerts(db, {
      visibility,
      filter: { clusterId: cluster.id, open: true },
      page: { limit: shownAlerts, after: null },
    });
    const oldestOpen = await listRuns(db, {
      visibility,
      filter: { clusterId: cluster.id, states: openRunStates },
      page: { limit: shownOpenRuns, after: null, backward: true },
    });
    const open = oldestOpen.toReversed();
    const calendar = calendarFor(await readWholeCalendar(db), {
      clusterId: cluster.id,
      environment: cluster.environment,
    });
    const work = await listPlannedWork(db, { clusterId: cluster.id, windowMs: 0 });
    const stopped = await listStoppedNodes(db, cluster.id);
    const [stored] = await healthOfClusters(db, [cluster.id]);
    if (stored === undefined) return notice('That cluster is gone.');
    return clusterStatus({
      cluster,
      health: scoreHealth(factsFor(cluster, stored)),
      nodes,
      openAlerts: alerts.length,
      openUpgrades: await openUpgradesOfClusters(db, [cluster.id]),
      held: heldWord(calendar, bot.now()),
      automationLines: automationLines(calendar, bot.now()),
      openRuns: open,
      lastRun: await findLastEndedRun(db, { visibility, clusterId: cluster.id }),
      workedOn: new Map(
        work.flatMap(({ nodeId, runId }) =>
          open.filter(({ id }) => id === runId).map(({ number }) => [nodeId, number] as const),
        ),
      ),
      stopped: new Map(stopped.map((node) => [node.nodeId, node])),
      alertLines: alerts.map(alertLine),
      hidings: alertHidings(await readHidings(hidingReads(db, visibility), cluster, bot.now())),
      removedNodes: await removedNodesOfClusters(db, [cluster.id]),
    });
  },
};

export const runs: BotCommand = {
  spec: {
    verb: 'runs',
    positional: [{ name: 'cluster', kind: 'word', isOptional: true }],
    flags: [{ name: 'mine', takesValue: false, isList: false }],
  },
  summary: 'List the newest runs, of one cluster or of all.',
  examples: ['runs', 'runs prod-eu', 'runs --mine'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db }, { actor, command }) {
    const word = command.words.get('cluster')?.[0];
    const cluster = word === undefined ? null : await findClusterByWord(db, actor, word, { exact: false });
    return runList(
      await listRuns(db, {
        visibility: readableBy(actor),
        filter: { clusterId: cluster?.id ?? null, requestedById: command.flags.has('mine') ? actor.id : null },
        page: { limit: shownRuns, after: null },
      }),
    );
  },
};

export const run: BotCommand = {
  spec: { verb: 'run', positional: [{ name: 'run', kind: 'word', isOptional: false }], flags: [] },
  summary: 'Show one run as it is now, with what can be asked of it.',
  examples: ['run R-12'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run(bot, { actor, command }) {
    const found = await findRunByWord(bot.db, actor, command.words.get('run')?.[0] ?? '');
    return (await showRun(bot, actor, found.id)) ?? notice('That run is gone.');
  },
};

/** A run as its card shows it, for one reader; the buttons work here too. */
async function showRun(bot: Bot, actor: Actor, runId: string) {
  const content = await readContent(
    bot,
    { kind: 'RUN', subjectId: runId },
    { visibility: readableBy(actor), mayRepeat: false, isAsked: true },
  );
  return content?.message ?? null;
}

export const alerts: BotCommand = {
  spec: { verb: 'alerts', positional: [{ name: 'cluster', kind: 'word', isOptional: true }], flags: [] },
  summary: 'List the open alerts, of all clusters or of one, with what hides alerts there.',
  examples: ['alerts', 'alerts prod-eu'],
  waiting: null,
  isAllowed: (actor) => canSomewhere(actor, 'cluster:read'),
  access: 'linked',
  async run({ db, now }, { actor, command }) {
    const word = command.words.get('cluster')?.[0];
    const cluster = word === undefined ? null : await findClusterByWord(db, actor, word, { exact: false });
    const visibility = readableBy(actor);
    const filter = { clusterId: cluster?.id, open: true };
    const found = await listAlerts(db, { visibility, filter, page: { limit: shownAlerts, after: null } });
    if (cluster === null) return alertList(found, []);
    return alertList(found, alertHidings(await readHidings(hidingReads(db, visibility), cluster, now())));
  },
};
