import { type SqlBool, sql } from 'kysely';
import type { NotJudged } from '../../domain/probe.ts';
import type { OwnRule, RuleEdits } from '../../domain/rules/book.ts';
import type { OverrideSubject } from '../../domain/rules/override.ts';
import type { Reader } from '../database.ts';
import { notJudgedOf } from '../probes/probe-rows.ts';
import { type OnDamaged, readable } from '../readable.ts';
import { type KeptOverride, toOverride, toOwnRule } from '../rules/rule-rows.ts';
import { isVisible, type Visibility } from './visibility.ts';

/**
 * All that people have said about rules and that was not taken back, for the whole installation: some dozens of rows. Rules
 * that were removed are among them, since their open alerts have to end.
 */
export async function readRuleEdits(db: Reader, onDamaged: OnDamaged = () => undefined): Promise<RuleEdits> {
  const own = await db.selectFrom('alert_rule').selectAll().orderBy('name').orderBy('created_at').execute();
  const overrides = await db.selectFrom('alert_rule_override').selectAll().where('ended_at', 'is', null).execute();
  const unread: string[] = [];
  const kept = overrides.flatMap((row) =>
    readable([row], toOverride, (error) => {
      unread.push(row.rule);
      onDamaged(error);
    }),
  );
  return { own: readable(own, toOwnRule, onDamaged), overrides: kept, unread };
}

/**
 * People's own rules that somebody may see, by name; `removed`: also those that are no more. Of those that cannot be read the
 * log tells with every look, which judges without them too.
 */
export async function listOwnRules(
  db: Reader,
  {
    visibility,
    names,
    removed,
  }: { readonly visibility: Visibility; readonly names?: readonly string[]; readonly removed: boolean },
): Promise<readonly OwnRule[]> {
  if (names?.length === 0) return [];
  let query = db.selectFrom('alert_rule').selectAll().where(isEntryVisible(visibility, 'alert_rule'));
  if (names !== undefined) query = query.where('name', 'in', names);
  if (!removed) query = query.where('removed_at', 'is', null);
  const rows = await query.orderBy('name').orderBy('created_at').execute();
  return readable(rows, toOwnRule, () => undefined);
}

/** The overrides of these rules that somebody may see, newest first; `past`: also those that were ended or are over. */
export async function listOverrides(
  db: Reader,
  { visibility, rules, past }: { visibility: Visibility; rules: readonly string[]; past: boolean },
): Promise<readonly KeptOverride[]> {
  if (rules.length === 0) return [];
  let query = db
    .selectFrom('alert_rule_override')
    .selectAll()
    .where('rule', 'in', rules)
    .where(isEntryVisible(visibility, 'alert_rule_override'));
  if (!past) {
    query = query
      .where('ended_at', 'is', null)
      .where((row) => row.or([row('until_at', 'is', null), row('until_at', '>', sql<Date>`UTC_TIMESTAMP(3)`)]));
  }
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
  return readable(rows, toOverride, () => undefined);
}

/** What overrides that somebody has read with their rights are about, as it is now; in one statement. */
export async function subjectsOfOverrides(
  db: Reader,
  ids: readonly string[],
): Promise<readonly (OverrideSubject & { readonly id: string })[]> {
  if (ids.length === 0) return [];
  const labelled = sql<SqlBool>`EXISTS (SELECT 1 FROM cluster AS labelled WHERE labelled.environment = alert_rule_override.scope_value)`;
  const rows = await db
    .selectFrom('alert_rule_override')
    .leftJoin('cluster', 'cluster.id', 'alert_rule_override.cluster_id')
    .leftJoin('cluster_node', (join) =>
      join
        .onRef('cluster_node.id', '=', 'alert_rule_override.scope_value')
        .onRef('cluster_node.cluster_id', '=', 'alert_rule_override.cluster_id'),
    )
    .select((row) => [
      'alert_rule_override.id',
      'scope_kind',
      'scope_value',
      'cluster.environment',
      'cluster_node.id as node_id',
      row.case().when(labelled).then(1).else(0).end().as('is_labelled'),
    ])
    .where('alert_rule_override.id', 'in', ids)
    .execute();
  return rows.map(({ id, scope_kind, scope_value, environment, node_id, is_labelled }) => {
    if (scope_kind === 'all') return { id, environment: null, isThere: true };
    if (scope_kind === 'environment') return { id, environment: scope_value, isThere: is_labelled === 1 };
    return { id, environment, isThere: environment !== null && (scope_kind === 'cluster' || node_id !== null) };
  });
}

/** One that was not ended; null also where the asker may not see it. */
export async function findVisibleOverride(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<KeptOverride | null> {
  const row = await db
    .selectFrom('alert_rule_override')
    .selectAll()
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .where(isEntryVisible(visibility, 'alert_rule_override'))
    .executeTakeFirst();
  return row === undefined ? null : toOverride(row);
}

/** What the last probe of clusters that the caller has read with their rights could not judge, as `LastLook` keeps it. */
export async function notJudgedOfClusters(
  db: Reader,
  clusterIds: readonly string[],
): Promise<readonly { readonly clusterId: string; readonly notJudged: readonly NotJudged[] }[]> {
  const rows = await db
    .selectFrom('probe')
    .select(['cluster_id', 'not_judged'])
    .where('cluster_id', 'in', clusterIds)
    .execute();
  const read = (row: (typeof rows)[number]) => ({ clusterId: row.cluster_id, notJudged: notJudgedOf(row) });
  // A probe of which this cannot be read is no probe, as `toProbes` says.
  return readable(rows, read, () => undefined);
}

/** What is for everything is seen by whoever sees any cluster; what is for a label, a cluster or a node by whoever sees one of them. */
function isEntryVisible(visibility: Visibility, table: 'alert_rule' | 'alert_rule_override') {
  const kind = sql.ref(`${table}.scope_kind`);
  const value = sql.ref(`${table}.scope_value`);
  const seen = isVisible(visibility, { clusterId: 'seen.id', environment: 'seen.environment' });
  const isOf = (id: ReturnType<typeof sql.ref>) =>
    sql`EXISTS (SELECT 1 FROM cluster AS seen WHERE seen.id = ${id} AND ${seen})`;
  const ofNode =
    table === 'alert_rule' ? sql`FALSE` : sql`${kind} = 'node' AND ${isOf(sql.ref('alert_rule_override.cluster_id'))}`;
  const ofPart = sql`(${kind} = 'cluster' AND ${isOf(value)}) OR (${ofNode})`;
  if (visibility === 'everywhere') return sql<SqlBool>`(${kind} IN ('all', 'environment') OR ${ofPart})`;
  const { environments, clusterIds } = visibility;
  if (environments.length + clusterIds.length === 0) return sql<SqlBool>`FALSE`;
  const named = environments.length === 0 ? sql`FALSE` : sql`${value} IN (${sql.join(environments)})`;
  const ofLabel = sql`${kind} = 'environment' AND (${named} OR EXISTS (SELECT 1 FROM cluster AS seen WHERE seen.environment = ${value} AND ${seen}))`;
  return sql<SqlBool>`(${kind} = 'all' OR (${ofLabel}) OR ${ofPart})`;
}
