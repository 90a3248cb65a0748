import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Actor,
  can,
  canSomewhere,
  type Permission,
  type Role,
  roles,
  type Scope,
} from '../../../src/domain/access.ts';
import type { CalendarScope } from '../../../src/domain/calendar.ts';
import { coversCluster } from '../../../src/domain/why-not-now.ts';
import { newId } from '../../../src/ids.ts';
import { scopeColumns } from '../../../src/store/calendar/calendar-rows.ts';
import { type Database, migrate, openDatabase } from '../../../src/store/database.ts';
import { whyNotReads } from '../../../src/store/escalation/why-facts.ts';
import { hidingReads, readHidings } from '../../../src/store/reads/alert-hidings.ts';
import { countAlerts, findVisibleAlert, listAlerts, listAlertsChangedSince } from '../../../src/store/reads/alerts.ts';
import { countAudit, findAuditEvent, listAudit } from '../../../src/store/reads/audit.ts';
import { countBackups, findVisibleBackup, listBackups } from '../../../src/store/reads/backups.ts';
import {
  countClusters,
  findVisibleClusterByName,
  findVisibleClusters,
  findVisibleHosts,
  findVisibleNodes,
  findVisibleReport,
  listClusterNames,
  listClusters,
} from '../../../src/store/reads/clusters.ts';
import { readNames } from '../../../src/store/reads/names.ts';
import { findVisiblePolicy, listPolicies } from '../../../src/store/reads/policies.ts';
import {
  findVisibleRepositories,
  findVisibleRepository,
  listVisibleRepositories,
} from '../../../src/store/reads/repositories.ts';
import { findVisibleOverride, listOverrides, listOwnRules } from '../../../src/store/reads/rules.ts';
import {
  countRuns,
  findLastEndedRun,
  findVisibleApproval,
  findVisibleRunByNumber,
  findVisibleRunOfApproval,
  findVisibleRuns,
  lastRuns,
  listRuns,
} from '../../../src/store/reads/runs.ts';
import { countSchedules, findVisibleSchedule, listSchedules } from '../../../src/store/reads/schedules.ts';
import { findVisibleSilence, listSilences } from '../../../src/store/reads/silences.ts';
import { findVisibleUpgrade } from '../../../src/store/reads/upgrades.ts';
import { type Page, visibilityOf } from '../../../src/store/reads/visibility.ts';
import { createTestDatabase, type TestDatabase } from '../../helpers/services.ts';
import { environments, fillWithRows } from './many-rows.ts';

/*
 * What `can` says of each row, and what the SQL of the read model shows, are the same thing said twice. Here they are compared
 * for people with any roles anywhere, most of whom see a few rows among hundreds that they may not see.
 */

let database: TestDatabase;
let db: Database;
let rows: Awaited<ReturnType<typeof fillWithRows>>;

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, poolSize: 5, answerMs: null });
  await migrate(db);
  rows = await fillWithRows(db, { clusters: 80 });
});
afterAll(async () => {
  await db.destroy();
  await database.drop();
});

/** Of clusters, one that is there, one that is gone, or one that never was: by its place among the runs. */
const someScope = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 4, arbitrary: fc.constantFrom(...environments, 'nowhere') },
  { weight: 8, arbitrary: fc.nat({ max: 400 }) },
);
const someBindings = fc.array(fc.record({ role: fc.constantFrom(...roles), where: someScope }), { maxLength: 4 });
const somePages = fc.record({ limit: fc.integer({ min: 3, max: 60 }), backward: fc.boolean() });

function actorWith(bindings: readonly { role: Role; where: null | string | number }[]): Actor {
  const scopeOf = (where: null | string | number): Scope => {
    if (where === null) return { kind: 'all' };
    if (typeof where === 'string') return { kind: 'environment', environment: where };
    return { kind: 'cluster', clusterId: rows.runs[where]?.clusterId ?? 'clu_NEVER' };
  };
  return {
    id: 'per_asker',
    name: 'asker',
    via: 'API',
    bindings: bindings.map(({ role, where }) => ({ role, scope: scopeOf(where) })),
  };
}

function seenBy<T extends { clusterId: string; environment: string }>(
  actor: Actor,
  all: readonly T[],
  permission: Permission = 'cluster:read',
): readonly T[] {
  return all.filter((row) => can(actor, permission, row));
}

/** Everything that a list shows, page by page from either end, in the order of the list. */
async function readAll<T>(
  { limit, backward }: { limit: number; backward: boolean },
  read: (page: Page<T>) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  let found: readonly T[] = [];
  for (;;) {
    const next = backward ? found[0] : found.at(-1);
    const key = next ?? null;
    const page = await read({ limit, backward, ...(backward ? { after: null, before: key } : { after: key }) });
    found = backward ? [...page, ...found] : [...found, ...page];
    if (page.length < limit) return found;
  }
}

const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id).toSorted();
const numbers = (found: readonly { number: number }[]) => found.map(({ number }) => number).toSorted((a, b) => b - a);

function holds(check: (actor: Actor, pages: { limit: number; backward: boolean }) => Promise<void>, numRuns = 60) {
  return fc.assert(
    fc.asyncProperty(someBindings, somePages, (bindings, pages) => check(actorWith(bindings), pages)),
    { numRuns },
  );
}

describe('a list shows, page by page, exactly the rows that the asker may see', () => {
  it('of clusters, and of their names', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'cluster:read'), filter: {} };
      const expected = seenBy(actor, rows.clusters).map(({ name }) => name);
      const found = await readAll<{ name: string }>(pages, (page) => listClusters(db, { ...which, page }));
      expect(found.map(({ name }) => name)).toEqual(expected);
      expect(await countClusters(db, which)).toBe(expected.length);
      expect(await listClusterNames(db, which.visibility)).toEqual(expected);
    }));

  it('of runs', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'cluster:read'), filter: {} };
      const expected = numbers(seenBy(actor, rows.runs));
      const found = await readAll<{ number: number }>(pages, (page) => listRuns(db, { ...which, page }));
      expect(found.map(({ number }) => number)).toEqual(expected);
      expect(await countRuns(db, which)).toBe(expected.length);
    }));

  it('of alerts, and of those that changed', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'cluster:read'), filter: { open: true } };
      const expected = numbers(seenBy(actor, rows.alerts));
      const found = await readAll<{ number: number }>(pages, (page) => listAlerts(db, { ...which, page }));
      expect(found.map(({ number }) => number)).toEqual(expected);
      expect(await countAlerts(db, which)).toBe(expected.length);
      const changed = await listAlertsChangedSince(db, {
        visibility: which.visibility,
        clusterId: null,
        since: new Date(0),
        limit: pages.limit,
      });
      expect(numbers(changed)).toEqual(expected.toReversed().slice(0, pages.limit).toReversed());
    }));

  it('of schedules', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'cluster:read'), filter: {} };
      const expected = ids(seenBy(actor, rows.schedules));
      const found = await readAll<{ name: string; id: string }>(pages, (page) => listSchedules(db, { ...which, page }));
      expect(ids(found)).toEqual(expected);
      expect(await countSchedules(db, which)).toBe(expected.length);
    }));

  it('of backups', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'cluster:read'), filter: {} };
      const expected = ids(seenBy(actor, rows.backups));
      const found = await readAll<{ startedAt: Date; id: string }>(pages, (page) =>
        listBackups(db, { ...which, page }),
      );
      expect(found.map(({ id }) => id)).toEqual(expected.toReversed());
      expect(await countBackups(db, which)).toBe(expected.length);
    }));

  it('of backup policies, and of the repositories of each cluster', () =>
    holds(async (actor) => {
      const visibility = visibilityOf(actor, 'cluster:read');
      expect((await listPolicies(db, { visibility })).map(({ id }) => id)).toEqual(
        seenBy(actor, rows.policies).map(({ id }) => id),
      );
      const some = rows.clusters.filter((_, at) => at % 7 === 0).map(({ clusterId }) => clusterId);
      const of = <T extends { clusterId: string }>(all: readonly T[]) =>
        all.filter((row) => some.includes(row.clusterId));
      const found = await Promise.all(some.map((clusterId) => listVisibleRepositories(db, { visibility, clusterId })));
      expect(ids(found.flat())).toEqual(ids(seenBy(actor, of(rows.repositories))));
      const policies = await Promise.all(some.map((clusterId) => listPolicies(db, { visibility, clusterId })));
      expect(ids(policies.flat())).toEqual(ids(seenBy(actor, of(rows.policies))));
    }));

  it('of audit events, by the permission to read them', () =>
    holds(async (actor, pages) => {
      const which = { visibility: visibilityOf(actor, 'audit:read'), filter: {} };
      const expected = numbers(rows.audit.filter(({ place }) => can(actor, 'audit:read', place)));
      const found = await readAll<{ number: number }>(pages, (page) => listAudit(db, { ...which, page }));
      expect(found.map(({ number }) => number)).toEqual(expected);
      expect(await countAudit(db, which)).toBe(expected.length);
    }));
});

describe('what people say of rules and alerts is seen where the asker sees what it is about', () => {
  type Said = { readonly id: string; readonly number: number; readonly scope: CalendarScope; readonly rule: string };
  const said: { silences: Said[]; overrides: Said[]; rules: Said[] } = { silences: [], overrides: [], rules: [] };
  const createdAt = new Date('2026-01-01T00:00:00.000Z');
  const later = new Date('2099-01-01T00:00:00.000Z');

  beforeAll(async () => {
    // Of everything, of each label, of clusters that there are, and of some that there are not any more.
    const present = new Set(rows.clusters.map(({ clusterId }) => clusterId));
    const gone = rows.runs.map(({ clusterId }) => clusterId).filter((id) => !present.has(id));
    const clusterIds = [...rows.clusters.slice(0, 30).map(({ clusterId }) => clusterId), ...new Set(gone)];
    const scopes: CalendarScope[] = [
      { kind: 'all' },
      ...[...environments, 'nowhere'].map((environment) => ({ kind: 'environment' as const, environment })),
      ...clusterIds.map((clusterId) => ({ kind: 'cluster' as const, clusterId })),
    ];
    for (const [at, scope] of scopes.entries()) {
      const by = { reason: 'a test', by_id: 'per_1', by_name: 'kim', created_at: createdAt };
      const rule = `own_${at}`;
      const [silence, override, own] = [newId('sil'), newId('aro'), newId('arl')];
      await db
        .insertInto('silence')
        .values({
          ...{ id: silence, ...scopeColumns(scope), reason: 'a test', created_at: createdAt, until_at: later },
          ...{ matchers: '{"rule":null,"severities":null,"labels":{}}', needs_second: 0 },
          ...{ created_by_id: 'per_1', created_by_name: 'kim' },
        })
        .execute();
      const changes = '{"isOff":true,"limits":null,"forMs":null,"severity":null}';
      await db
        .insertInto('alert_rule_override')
        .values({ id: override, rule: 'disk_filling', open_key: `k${at}`, ...scopeColumns(scope), changes, ...by })
        .execute();
      const on = {
        kind: 'METRIC',
        metric: 'disk_used_share',
        of: 'EACH',
        compare: 'ABOVE',
        threshold: 0.6,
        clear: 0.5,
      };
      const definition = { title: 'x', pastTitle: 'x', severity: 'LOW', means: '', todo: '', forMs: 0, on };
      await db
        .insertInto('alert_rule')
        .values({
          id: own,
          name: rule,
          open_name: rule,
          ...scopeColumns(scope),
          definition: JSON.stringify(definition),
          ...by,
        })
        .execute();
      said.silences.push({ id: silence, number: at, scope, rule });
      said.overrides.push({ id: override, number: at, scope, rule });
      said.rules.push({ id: own, number: at, scope, rule });
    }
  });

  /** By `can` alone: of everything for whoever sees anything, of a label or cluster for whoever sees one that there is. */
  function mayRead(actor: Actor, { scope }: Said): boolean {
    const seesEverything = can(actor, 'cluster:read', null);
    switch (scope.kind) {
      case 'all':
        return canSomewhere(actor, 'cluster:read');
      case 'environment': {
        const isNamed = can(actor, 'cluster:read', { clusterId: 'clu_NONE', environment: scope.environment });
        const clusters = rows.clusters.filter(({ environment }) => environment === scope.environment);
        return seesEverything || isNamed || seenBy(actor, clusters).length > 0;
      }
      case 'cluster':
        return seenBy(actor, rows.clusters).some(({ clusterId }) => clusterId === scope.clusterId);
      default:
        return scope satisfies never;
    }
  }
  const seen = (actor: Actor, all: readonly Said[]) => all.filter((each) => mayRead(actor, each));

  it('of silences, by lists and one by one', () =>
    holds(async (actor) => {
      const visibility = visibilityOf(actor, 'cluster:read');
      const expected = seen(actor, said.silences);
      expect(ids(await listSilences(db, { visibility, ended: true }))).toEqual(ids(expected));
      for (const each of said.silences.filter(({ number }) => number % 7 === 0)) {
        const found = await findVisibleSilence(db, { visibility, id: each.id });
        expect(found?.id ?? null).toBe(expected.includes(each) ? each.id : null);
      }
    }, 25));

  it('of what hides alerts of a cluster: whoever sees the cluster is told of every silence that covers it', () =>
    holds(async (actor) => {
      const reads = hidingReads(db, visibilityOf(actor, 'cluster:read'));
      const at = new Date();
      for (const { clusterId, environment } of seenBy(actor, rows.clusters).slice(-2)) {
        const { silences } = await readHidings(reads, { id: clusterId, environment }, at);
        const covers = said.silences.filter(({ scope }) => coversCluster(scope, { clusterId, environment }));
        expect(ids(silences)).toEqual(ids(covers));
        expect(covers.filter((each) => !mayRead(actor, each))).toEqual([]);
      }
    }, 25));

  it('of changed rules and of own rules, as /sr rule and /sr why-not read them', () =>
    holds(async (actor) => {
      const visibility = visibilityOf(actor, 'cluster:read');
      const expected = seen(actor, said.overrides);
      const found = await listOverrides(db, { visibility, rules: ['disk_filling'], past: true });
      expect(ids(found)).toEqual(ids(expected));
      for (const each of said.overrides.filter(({ number }) => number % 7 === 0)) {
        const one = await findVisibleOverride(db, { visibility, id: each.id });
        expect(one?.id ?? null).toBe(expected.includes(each) ? each.id : null);
      }
      const own = seen(actor, said.rules).map(({ rule }) => rule);
      const names = said.rules.map(({ rule }) => rule);
      const listed = await listOwnRules(db, { visibility, names, removed: true });
      expect(listed.map(({ rule }) => rule.name).toSorted()).toEqual(own.toSorted());
      const reads = whyNotReads(db, { visibility, now: new Date(), linkedNames: [] });
      for (const { rule } of said.rules.slice(0, 9))
        expect((await reads.ownRulesCalled(rule)).length).toBe(own.includes(rule) ? 1 : 0);
    }, 25));
});

describe('what the asker may not see is not found', () => {
  it('among clusters, nodes, hosts and runs by their ids, nor has it a name', () =>
    holds(async (actor) => {
      const visibility = visibilityOf(actor, 'cluster:read');
      const of = (all: readonly { id: string }[]) => ({ visibility, ids: all.map(({ id }) => id) });
      const clusters = rows.clusters.map(({ clusterId: id, ...rest }) => ({ ...rest, id, clusterId: id }));
      const seen = {
        clusters: ids(seenBy(actor, clusters)),
        nodes: ids(seenBy(actor, rows.nodes)),
        hosts: ids(seenBy(actor, rows.hosts)),
        runs: ids(seenBy(actor, rows.runs)),
        policies: ids(seenBy(actor, rows.policies)),
      };
      expect(ids(await findVisibleRepositories(db, of(rows.repositories)))).toEqual(
        ids(seenBy(actor, rows.repositories)),
      );
      expect(ids(await findVisibleClusters(db, of(clusters)))).toEqual(seen.clusters);
      expect(ids(await findVisibleNodes(db, of(rows.nodes)))).toEqual(seen.nodes);
      expect(ids(await findVisibleHosts(db, of(rows.hosts)))).toEqual(seen.hosts);
      expect(ids(await findVisibleRuns(db, of(rows.runs)))).toEqual(seen.runs);
      const named = await readNames(
        db,
        of([...clusters, ...rows.nodes, ...rows.hosts, ...rows.runs, ...rows.policies]),
      );
      expect([...named.keys()].toSorted()).toEqual(Object.values(seen).flat().toSorted());
    }));

  it('by a name or a number, nor through what belongs to it', () =>
    fc.assert(
      fc.asyncProperty(someBindings, fc.nat({ max: 10_000 }), async (bindings, draw) => {
        const actor = actorWith(bindings);
        const visibility = visibilityOf(actor, 'cluster:read');
        const pick = <T>(all: readonly T[]): T => {
          const row = all[draw % all.length];
          if (row === undefined) throw new Error('there are no rows');
          return row;
        };
        const may = (row: { clusterId: string; environment: string }) => can(actor, 'cluster:read', row);
        const check = (found: unknown, row: { clusterId: string; environment: string; id?: string }) => {
          if (may(row)) expect(found).toMatchObject('id' in row ? { id: row.id } : {});
          else expect(found).toBeNull();
        };
        const { clusterId: id, ...cluster } = pick(rows.clusters);
        check(await findVisibleClusterByName(db, { visibility, name: cluster.name }), {
          ...cluster,
          id,
          clusterId: id,
        });
        const run = pick(rows.runs);
        check(await findVisibleRunByNumber(db, { visibility, number: run.number }), run);
        const approval = pick(rows.approvals);
        check(await findVisibleRunOfApproval(db, { visibility, number: approval.number }), {
          ...approval,
          id: approval.runId,
        });
        for (const [all, find] of [
          [rows.approvals, findVisibleApproval],
          [rows.alerts, findVisibleAlert],
          [rows.backups, findVisibleBackup],
          [rows.schedules, findVisibleSchedule],
          [rows.repositories, findVisibleRepository],
          [rows.reports, findVisibleReport],
          [rows.upgrades, findVisibleUpgrade],
        ] as const) {
          const row = pick<{ id: string; clusterId: string; environment: string }>(all);
          check(await find(db, { visibility, id: row.id }), row);
        }
        const policy = pick(rows.policies);
        const foundPolicy = await findVisiblePolicy(db, { visibility, id: policy.id });
        check(foundPolicy?.policy ?? null, policy);
        if (foundPolicy !== null) expect(foundPolicy.cluster.environment).toBe(policy.environment);
        const alert = pick(rows.alerts);
        check(await findVisibleAlert(db, { visibility, number: alert.number }), alert);
        const event = pick(rows.audit);
        const audited = await findAuditEvent(db, {
          visibility: visibilityOf(actor, 'audit:read'),
          number: event.number,
        });
        expect(audited?.number ?? null).toBe(can(actor, 'audit:read', event.place) ? event.number : null);
        const ended = await findLastEndedRun(db, { visibility, clusterId: run.clusterId });
        if (ended !== null) expect(may(ended)).toBe(true);
      }),
      { numRuns: 60 },
    ));

  it('nor is a run of a cluster the newest one for somebody who may not see it', () =>
    holds(async (actor) => {
      const visibility = visibilityOf(actor, 'cluster:read');
      const clusterIds = rows.clusters.map(({ clusterId }) => clusterId);
      const found = await lastRuns(db, { visibility, clusterIds });
      const isPresent = ({ clusterId }: { clusterId: string }) => clusterIds.includes(clusterId);
      expect(ids(found)).toEqual(ids(seenBy(actor, rows.runs.filter(isPresent))));
    }));

  it('and the newest run is the newest of those that the asker may see', async () => {
    const placed = rows.runs.map((run) => ({
      run,
      home: rows.clusters.find(({ clusterId }) => clusterId === run.clusterId)?.environment ?? run.environment,
    }));
    const stray = placed.find(({ run, home }) => run.environment !== home);
    if (stray === undefined) throw new Error('every run is where its cluster is');
    const { run, home } = stray;
    const setCreatedAt = (created_at: Date) =>
      db.updateTable('run').set({ created_at }).where('id', '=', run.id).execute();
    const before = await db.selectFrom('run').select('created_at').where('id', '=', run.id).executeTakeFirstOrThrow();
    await setCreatedAt(new Date(before.created_at.getTime() + 60_000));
    const seen = async (where: string) => {
      const visibility = visibilityOf(actorWith([{ role: 'VIEWER', where }]), 'cluster:read');
      return ids(await lastRuns(db, { visibility, clusterIds: [run.clusterId] }));
    };
    const others = rows.runs.filter(
      ({ clusterId, environment }) => clusterId === run.clusterId && environment === home,
    );
    expect(await seen(run.environment)).toEqual([run.id]);
    expect(await seen(home)).toEqual(ids(others));
    await setCreatedAt(before.created_at);
  });

  it('and a viewer of one cluster sees its runs on the first page, however many newer ones there are elsewhere', async () => {
    const oldest = rows.runs[0];
    const actor = actorWith([{ role: 'VIEWER', where: 0 }]);
    const page = { limit: 15, after: null };
    const found = await listRuns(db, { visibility: visibilityOf(actor, 'cluster:read'), filter: {}, page });
    expect(numbers(found)).toEqual(numbers(rows.runs.filter(({ clusterId }) => clusterId === oldest?.clusterId)));
    expect(found.length).toBe(4);
  });
});
