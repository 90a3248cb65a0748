import DataLoader from 'dataloader';
import type { Alert, AlertEvent } from '../domain/alert.ts';
import type { MaintenanceWindow } from '../domain/calendar.ts';
import type { Cluster } from '../domain/cluster.ts';
import type { DeliveryRecord } from '../domain/delivery/alert-delivery.ts';
import type { ProbeSample } from '../domain/probe.ts';
import type { RuleEdits } from '../domain/rules/book.ts';
import type { Run, RunEvent } from '../domain/run.ts';
import type { ScheduleFiring } from '../domain/schedule.ts';
import type { Silence } from '../domain/silence.ts';
import type { AlertFacts } from '../domain/why/why-alert.ts';
import type { LookedAtRepositories } from '../runs/look-at-repositories.ts';
import { factsOfAlerts } from '../store/escalation/why-facts.ts';
import { noiseOfClusters } from '../store/reads/alert-noise.ts';
import * as alerts from '../store/reads/alerts.ts';
import * as backups from '../store/reads/backups.ts';
import { findVisibleWindows, readWholeCalendar } from '../store/reads/calendar.ts';
import * as clusters from '../store/reads/clusters.ts';
import { openSilences } from '../store/reads/covering-silences.ts';
import { deliveriesOfAlerts } from '../store/reads/deliveries.ts';
import { healthOfClusters } from '../store/reads/health.ts';
import { hidingWindows } from '../store/reads/hiding-windows.ts';
import { type HistoryRange, historiesOfClusters, latestOfClusters } from '../store/reads/metric-history.ts';
import { bindingsOfPersons, findActors, tokensOfPersons } from '../store/reads/persons.ts';
import { plannedWorkOfClusters } from '../store/reads/planned-work.ts';
import { policiesOfClusters } from '../store/reads/policies.ts';
import { lastLooksOfClusters, samplesOfClusters } from '../store/reads/probes.ts';
import { receiptsOfRuns } from '../store/reads/receipts.ts';
import * as repositories from '../store/reads/repositories.ts';
import { listOverrides, listOwnRules, readRuleEdits, subjectsOfOverrides } from '../store/reads/rules.ts';
import * as runParts from '../store/reads/run-parts.ts';
import * as runs from '../store/reads/runs.ts';
import { firingsOfSchedules, openRunsOfSchedules } from '../store/reads/schedules.ts';
import { stoppedNodesOfClusters } from '../store/reads/stopped-nodes.ts';
import { runsThatKeep, upgradesOfClusters } from '../store/reads/upgrades.ts';
import type { Visibility } from '../store/reads/visibility.ts';
import type { ApiDeps } from './api-deps.ts';

export const maxBucketLists = 5;

type WholeCalendar = Awaited<ReturnType<typeof readWholeCalendar>>;

export type Loaders = ReturnType<typeof makeLoaders>;

/**
 * Every read that a field makes for its parent goes through here, so that the number of statements does not grow with the
 * number of parents. A thing loaded by its own id is null where the actor may not see it; things that belong to a parent
 * come with a parent that was seen already.
 */
export function makeLoaders({ db, engine, config }: Pick<ApiDeps, 'db' | 'engine' | 'config'>, visibility: Visibility) {
  const cluster = byId<Cluster>((ids) => clusters.findVisibleClusters(db, { visibility, ids }));
  const run = byId<Run>((ids) => runs.findVisibleRuns(db, { visibility, ids }));
  return {
    cluster,
    nodesOfCluster: grouped(
      (ids) => clusters.nodesOfClusters(db, ids),
      (node) => node.clusterId,
    ),
    node: byId((ids) => clusters.findVisibleNodes(db, { visibility, ids })),
    removedNodesOfCluster: grouped(
      (ids) => clusters.removedNodesOfClusters(db, ids),
      (node) => node.clusterId,
    ),
    hostsOfCluster: grouped(
      (ids) => clusters.hostsOfClusters(db, ids),
      (host) => host.clusterId,
    ),
    host: byId((ids) => clusters.findVisibleHosts(db, { visibility, ids })),
    secret: byId((ids) => clusters.secretFacts(db, ids)),
    upgradesOfCluster: grouped(
      (ids) => upgradesOfClusters(db, ids),
      (upgrade) => upgrade.clusterId,
    ),
    backup: byId((ids) => backups.findVisibleBackups(db, { visibility, ids })),
    dependentsOfBackup: grouped(
      (ids) => backups.dependentsOfBackups(db, ids),
      (dependent) => dependent.baseId ?? '',
    ),
    verificationsOfBackup: grouped(
      (ids) => backups.verificationsOfBackups(db, ids),
      (checked) => checked.backupId,
    ),
    // One for all clusters of a request: the calendar is read as a whole.
    calendar: new DataLoader<'whole', WholeCalendar>(async (keys) => {
      const calendar = await readWholeCalendar(db);
      return keys.map(() => calendar);
    }),
    maintenanceWindow: byId((ids) => findVisibleWindows(db, { visibility, ids })),
    policiesOfCluster: grouped(
      (ids) => policiesOfClusters(db, ids),
      (policy) => policy.clusterId,
    ),
    repository: byId((ids) => repositories.findVisibleRepositories(db, { visibility, ids })),
    repositoriesOfCluster: grouped(
      (ids) => repositories.repositoriesOfClusters(db, ids),
      (repository) => repository.clusterId,
    ),
    /** One look for each cluster of a request, whoever asks. */
    looksAtRepositories: perKey<LookedAtRepositories>(),
    /** True for the first few of a request: each such look has a cluster list a whole bucket. */
    mayListBucket: atMost(maxBucketLists),
    isKeptByRun: new DataLoader<string, boolean>(async (ids) => {
      const kept = new Set(await runsThatKeep(db, ids));
      return ids.map((id) => kept.has(id));
    }),
    looksOfCluster: perArguments((args: { limit: number }) =>
      grouped(
        (clusterIds) => samplesOfClusters(db, { clusterIds, ...args }),
        (look: ProbeSample) => look.clusterId,
      ),
    ),
    noiseOfCluster: perArguments((args: { since: Date }) =>
      single(
        (clusterIds) => noiseOfClusters(db, { visibility, clusterIds, ...args }),
        (noise) => noise.clusterId,
      ),
    ),
    historyOfCluster: perArguments((range: HistoryRange) =>
      single(
        (clusterIds) => historiesOfClusters(db, { clusterIds, ...range }),
        (history) => history.clusterId,
      ),
    ),
    latestMetricsOfCluster: single(
      (clusterIds) => latestOfClusters(db, clusterIds),
      (measured) => measured.clusterId,
    ),
    ruleEdits: new DataLoader<'whole', RuleEdits>(async (keys) => {
      const edits = await readRuleEdits(db);
      return keys.map(() => edits);
    }),
    overridesOfRule: perArguments((args: { past: boolean }) =>
      grouped(
        (rules) => listOverrides(db, { visibility, rules, ...args }),
        (override) => override.rule,
      ),
    ),
    subjectOfOverride: single(
      (ids) => subjectsOfOverrides(db, ids),
      (subject) => subject.id,
    ),
    factsOfAlert: new DataLoader<Alert, AlertFacts>((found) => {
      const linkedNames = (config.slack?.links ?? []).map(({ owner }) => owner);
      return factsOfAlerts(db, found, { now: engine.now(), linkedNames });
    }),
    deliveryOfAlert: new DataLoader<string, DeliveryRecord | null>(async (ids) => {
      const found = new Map((await deliveriesOfAlerts(db, ids)).map((each) => [each.alertId, each]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    ownRulesCalled: grouped(
      (names) => listOwnRules(db, { visibility, names, removed: true }),
      ({ rule }) => rule.name,
    ),
    plannedWorkOfCluster: grouped(
      (clusterIds) => plannedWorkOfClusters(db, { clusterIds, windowMs: 0 }),
      ({ clusterId }) => clusterId ?? '',
    ),
    stoppedNodesOfCluster: grouped(
      (clusterIds) => stoppedNodesOfClusters(db, clusterIds),
      ({ clusterId }) => clusterId,
    ),
    // One for all clusters of a request, at the time of the first who asks.
    openSilences: new DataLoader<Date, readonly Silence[], string>(
      async (times) => {
        const silences = await openSilences(db, { at: times[0] ?? engine.now(), visibility });
        return times.map(() => silences);
      },
      { cacheKeyFn: () => 'open' },
    ),
    // One for all clusters of a request: there are some dozens at most.
    hidingWindows: new DataLoader<'all', readonly MaintenanceWindow[]>(async (keys) => {
      const windows = await hidingWindows(db, { visibility });
      return keys.map(() => windows);
    }),
    lastLookOfCluster: single(
      (clusterIds) => lastLooksOfClusters(db, clusterIds),
      (look) => look.clusterId,
    ),
    healthOfCluster: single(
      (clusterIds) => healthOfClusters(db, clusterIds),
      (stored) => stored.clusterId,
    ),
    firingsOfSchedule: perArguments((args: { limit: number }) =>
      grouped(
        (scheduleIds) => firingsOfSchedules(db, { scheduleIds, ...args }),
        (firing: ScheduleFiring) => firing.scheduleId,
      ),
    ),
    openRunOfSchedule: single(
      (ids) => openRunsOfSchedules(db, ids),
      (open) => open.scheduleId,
    ),
    actor: byId((ids) => findActors(db, ids, 'SCHEDULE')),
    /** The time of the first who asks. */
    scheduleTime: onceWith<Date>(),
    lockOfCluster: single(
      (ids) => clusters.locksOfClusters(db, ids),
      (lock) => lock.clusterId,
    ),
    lastCheckOfCluster: single(
      (clusterIds) => clusters.lastReportsOf(db, { operation: 'checkCluster', clusterIds }),
      (report) => report.clusterId,
    ),
    run,
    lastRunOfCluster: single(
      (clusterIds) => runs.lastRuns(db, { visibility, clusterIds }),
      (last) => last.clusterId,
    ),
    stepsOfRun: grouped(
      (ids) => runParts.stepsOfRuns(db, ids),
      (step) => step.runId,
    ),
    approvalOfRun: single(
      (ids) => runParts.approvalsOfRuns(db, ids),
      (approval) => approval.runId,
    ),
    votesOfApproval: grouped(
      (ids) => runParts.votesOfApprovals(db, ids),
      (vote) => vote.approvalId,
    ),
    changesOfRun: grouped(
      (ids) => runParts.changesOfRuns(db, ids),
      (change) => change.runId,
    ),
    bindingsOfPerson: grouped(
      (ids) => bindingsOfPersons(db, ids),
      (bound) => bound.personId,
    ),
    tokensOfPerson: grouped(
      (ids) => tokensOfPersons(db, ids),
      (token) => token.personId,
    ),
    receiptOfRun: single(
      (runIds) => receiptsOfRuns(db, { runIds, visibility }),
      (receipt) => receipt.runId,
    ),
    alert: byId<Alert>((ids) => alerts.findVisibleAlerts(db, { visibility, ids })),
    openAlertsOfCluster: grouped(
      (ids) => alerts.openAlertsOfClusters(db, ids),
      (alert) => alert.clusterId,
    ),
    eventCountOfRun: single(
      (ids) => runParts.countEventsOfRuns(db, ids),
      (counted) => counted.runId,
    ),
    eventsOfRun: perArguments((args: EventPage) =>
      grouped(
        (runIds) => runParts.eventsOfRuns(db, { runIds, ...args }),
        (event: RunEvent) => event.runId,
      ),
    ),
    eventsOfAlert: perArguments((args: { limit: number }) =>
      grouped(
        (alertIds) => alerts.eventsOfAlerts(db, { alertIds, ...args }),
        (event: AlertEvent) => event.alertId,
      ),
    ),
  };
}

/** Which events of a run to load. */
type EventPage = { afterSequence: number; limit: number; beforeSequence?: number | null; backward?: boolean };

type Load<T> = (ids: readonly string[]) => Promise<readonly T[]>;

function byId<T extends { readonly id: string }>(load: Load<T>): DataLoader<string, T | null> {
  return single(load, (row) => row.id);
}

/** At most one row for each key; if there are several, the last one. */
function single<T>(load: Load<T>, keyOf: (row: T) => string): DataLoader<string, T | null> {
  return new DataLoader(async (keys) => {
    const found = new Map((await load(keys)).map((row) => [keyOf(row), row]));
    return keys.map((key) => found.get(key) ?? null);
  });
}

/** All rows for each key, in the order in which they were read. */
function grouped<T>(load: Load<T>, keyOf: (row: T) => string): DataLoader<string, readonly T[]> {
  return new DataLoader(async (keys) => {
    const groups = Map.groupBy(await load(keys), keyOf);
    return keys.map((key) => groups.get(key) ?? []);
  });
}

/** Read at most once for a request, by whoever asks first. */
function onceWith<T>(): (read: () => Promise<T>) => Promise<T> {
  let answer: Promise<T> | null = null;
  return (read) => {
    answer ??= read();
    return answer;
  };
}

/** Read at most once for each key of a request. */
function perKey<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key, read) => {
    const answer = answers.get(key) ?? read();
    answers.set(key, answer);
    return answer;
  };
}

function atMost(most: number): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    return asked <= most;
  };
}

/** One loader for each set of arguments, since one statement can only serve callers with the same arguments. */
function perArguments<A extends object, L>(make: (args: A) => L): (args: A) => L {
  const known = new Map<string, L>();
  return (args) => {
    const key = JSON.stringify(args);
    const loader = known.get(key) ?? make(args);
    known.set(key, loader);
    return loader;
  };
}
