import { mistakesInChanges } from '../../domain/rules/mistakes.ts';
import type { RuleScope } from '../../domain/rules/override.ts';
import type { AlertRule } from '../../domain/rules/rule.ts';
import { isLessStrict, longestWaitMs, type RuleChanges, takesCritical } from '../../domain/rules/rule-changes.ts';
import { findShippedRule } from '../../domain/rules/shipped/index.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { checkReason } from '../calendar/calendar-scope.ts';
import { lockClusters } from '../clusters/topology.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { overrideHidesMost, readHiddenByOne } from '../reads/hidden-by-one.ts';
import { findVisibleOverride, listOwnRules } from '../reads/rules.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { type KeptOverride, scopeColumns, toOverride } from './rule-rows.ts';
import { auditRuleChange, authorizeRuleScope, type RuleChange } from './rule-scope.ts';

export type NewOverride = {
  readonly rule: string;
  readonly scope: RuleScope;
  /** Made from the rule, since a new threshold alone moves the other one with it. */
  readonly changes: (rule: AlertRule) => RuleChanges;
  readonly reason: string;
  readonly until: Date | null;
  readonly action: 'overrideAlertRule' | 'disableAlertRule';
  /** Environments in which two persons are needed for what is dangerous: guarded rules stay as they are there. */
  readonly approvalEnvironments: readonly string[];
};

/**
 * Takes the place of the override that the rule has in the same scope. Throws `NOT_FOUND`, `INVALID_INPUT` and
 * `PRECONDITION_FAILED` (a guarded rule), besides what `authorizeRuleScope` throws.
 */
export async function overrideRule(db: Database, wanted: NewOverride, by: RuleChange): Promise<KeptOverride> {
  const { scope, until, action } = wanted;
  const reason = checkReason(wanted.reason);
  const rule = await knownRule(db, wanted.rule, by);
  const changes = wanted.changes(rule);
  const [mistake] = mistakesInChanges(rule, changes);
  if (mistake !== undefined)
    throw new AppError('INVALID_INPUT', mistake.message, { hint: mistake.hint, path: ['input', mistake.field] });
  const environment = await authorizeRuleScope(db, { by, scope, action });
  const refuse = async (error: AppError): Promise<never> => {
    const detail = { scope, reason, changes, because: error.message };
    await auditRuleChange(db, by, { action, rule: rule.name, scope, detail, outcome: 'REFUSED' });
    throw error;
  };
  const refused = whyGuarded(rule, changes, { environment, ...wanted });
  if (refused !== null) return refuse(refused);
  const { scope_kind, scope_value } = scopeColumns(scope);
  const key = `${rule.name} ${scope_kind} ${scope_value}`;
  const id = newId('aro');
  const made = await inTransaction(db, async (tx) => {
    const now = await readDatabaseTime(tx);
    if (until !== null && until <= now)
      throw new AppError('INVALID_INPUT', 'The override would be over already', {
        hint: 'Give a later end, or none.',
        path: ['input', 'until'],
      });
    if (scope.kind === 'node' && takesCritical(rule, changes) && (await hidesMost(tx, { now, ...wanted }))) return null;
    await tx
      .updateTable('alert_rule_override')
      .set(ending(by, 'another one took its place'))
      .where('open_key', '=', key)
      .execute();
    await tx
      .insertInto('alert_rule_override')
      .values({
        ...{ id, rule: rule.name, scope_kind, scope_value, open_key: key, reason, until_at: until },
        cluster_id: 'clusterId' in scope ? scope.clusterId : null,
        changes: toJson(changes),
        made_in: 'clusterId' in scope ? environment : null,
        ...{ by_id: by.actor.id, by_name: by.actor.name, created_at: databaseNow },
      })
      .execute();
    const detail = { id, scope, reason, until: until?.toISOString() ?? null, changes };
    await auditRuleChange(tx, by, { action, rule: rule.name, scope, detail });
    return readOverride(tx, id);
  });
  return made ?? refuse(tooManyNodes(rule));
}

/** What the rule was before holds again from the next look on. Throws `NOT_FOUND` and what `authorizeRuleScope` throws. */
export async function endOverride(
  db: Database,
  wanted: { readonly id: string; readonly reason: string },
  by: RuleChange,
): Promise<KeptOverride> {
  const action = 'removeAlertRuleOverride';
  const { id } = wanted;
  const reason = checkReason(wanted.reason);
  const seen = await findVisibleOverride(db, { visibility: visibilityOf(by.actor, 'cluster:read'), id });
  if (seen === null) throw noOverride(id);
  const { rule, scope } = seen;
  // A node may have left meanwhile; its override belongs to the cluster.
  const held = scope.kind === 'node' ? ({ kind: 'cluster', clusterId: scope.clusterId } as const) : scope;
  await authorizeRuleScope(db, { by, scope: held, action });
  return inTransaction(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('alert_rule_override')
      .set(ending(by, reason))
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noOverride(id);
    await auditRuleChange(tx, by, { action, rule, scope, detail: { id, reason } });
    return readOverride(tx, id);
  });
}

async function knownRule(db: Database, name: string, { actor }: RuleChange): Promise<AlertRule> {
  const shipped = findShippedRule(name);
  if (shipped !== undefined) return shipped;
  const visibility = visibilityOf(actor, 'cluster:read');
  const [own] = await listOwnRules(db, { visibility, names: [name], removed: false });
  if (own !== undefined) return own.rule;
  throw new AppError('NOT_FOUND', `There is no alert rule ${name}`, {
    hint: 'The query alertRules lists them.',
    path: ['input', 'rule'],
  });
}

type Reach = Pick<NewOverride, 'approvalEnvironments' | 'scope'> & { readonly environment: string | null };

function whyGuarded(
  rule: AlertRule,
  changes: RuleChanges,
  { environment, scope, approvalEnvironments }: Reach,
): AppError | null {
  const reached = approvalEnvironments.find((each) => environment === null || each === environment);
  if (reached === undefined) return null;
  if (rule.isGuarded && isLessStrict(rule, changes))
    return new AppError(
      'PRECONDITION_FAILED',
      `${rule.name} is not made less strict in ${reached}: it tells of losing the cluster or its data`,
      {
        hint: 'Acknowledge its alert, or change the rule for clusters of other environments.',
        path: ['input', 'rule'],
      },
    );
  if (scope.kind === 'node' || !takesCritical(rule, changes)) return null;
  return new AppError(
    'PRECONDITION_FAILED',
    `${rule.name} is CRITICAL, and one person alone does not take that from all of ${reached}`,
    {
      hint: `Silence it for a time, to which a second person agrees, or change it for one node. Smaller changes may be made: a time of at most ${longestWaitMs / 60_000} minutes, a threshold that leaves half of the room.`,
      path: ['input', 'rule'],
    },
  );
}

function tooManyNodes({ name }: AlertRule): AppError {
  return new AppError('PRECONDITION_FAILED', `With this, CRITICAL alerts of most nodes would be hidden by one person`, {
    hint: `What is changed and silenced node by node counts together. Silence ${name} for a time, to which a second person agrees, or end what hides the others.`,
    path: ['input', 'nodeId'],
  });
}

async function hidesMost(
  tx: Tx,
  { rule, scope, approvalEnvironments, now: at }: Omit<NewOverride, 'changes'> & { readonly now: Date },
): Promise<boolean> {
  const asked = { at, approvalEnvironments };
  await lockClusters(tx, (await readHiddenByOne(tx, asked)).clusterIds);
  return overrideHidesMost({ rule, scope }, await readHiddenByOne(tx, asked));
}

export function ending({ actor }: RuleChange, reason: string) {
  return {
    open_key: null,
    ended_at: databaseNow,
    ended_by_id: actor.id,
    ended_by_name: actor.name,
    ended_reason: reason,
  };
}

async function readOverride(tx: Tx, id: string): Promise<KeptOverride> {
  const row = await tx.selectFrom('alert_rule_override').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return toOverride(row);
}

function noOverride(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no override ${id} that holds`, {
    hint: 'AlertRule.overrides lists them.',
    path: ['input', 'id'],
  });
}
