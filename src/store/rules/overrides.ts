import { mistakesInChanges } from '../../domain/rules/mistakes.ts';
import { isLessStrict, type RuleChanges, type RuleScope } from '../../domain/rules/override.ts';
import type { AlertRule } from '../../domain/rules/rule.ts';
import { findShippedRule } from '../../domain/rules/shipped/index.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { checkReason } from '../calendar/calendar-scope.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
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
  refuseGuarded(rule, changes, { environment, ...wanted });
  const { scope_kind, scope_value } = scopeColumns(scope);
  const key = `${rule.name} ${scope_kind} ${scope_value}`;
  const id = newId('aro');
  return inTransaction(db, async (tx) => {
    if (until !== null && until <= (await readDatabaseTime(tx)))
      throw new AppError('INVALID_INPUT', 'The override would be over already', {
        hint: 'Give a later end, or none.',
        path: ['input', 'until'],
      });
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
        ...{ by_id: by.actor.id, by_name: by.actor.name, created_at: databaseNow },
      })
      .execute();
    const detail = { id, scope, reason, until: until?.toISOString() ?? null, changes };
    await auditRuleChange(tx, by, { action, rule: rule.name, scope, detail });
    return readOverride(tx, id);
  });
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

/** What a silence of the same needs two persons for. Thresholds and times are a matter of the place. */
function hidesCritical({ severity: worst, isGuarded }: AlertRule, { isOff, severity }: RuleChanges): boolean {
  return worst === 'CRITICAL' && isGuarded !== true && (isOff === true || (severity !== null && severity !== worst));
}

type Reach = Pick<NewOverride, 'approvalEnvironments' | 'scope'> & { readonly environment: string | null };

function refuseGuarded(
  rule: AlertRule,
  changes: RuleChanges,
  { environment, scope, approvalEnvironments }: Reach,
): void {
  const reached = approvalEnvironments.find((each) => environment === null || each === environment);
  if (reached !== undefined && scope.kind !== 'node' && hidesCritical(rule, changes))
    throw new AppError(
      'PRECONDITION_FAILED',
      `${rule.name} is CRITICAL, and one person alone does not take that from all of ${reached}`,
      {
        hint: 'Silence it for a time, to which a second person agrees, or change it for one node.',
        path: ['input', 'rule'],
      },
    );
  if (!rule.isGuarded || reached === undefined || !isLessStrict(rule, changes)) return;
  throw new AppError(
    'PRECONDITION_FAILED',
    `${rule.name} is not made less strict in ${reached}: it tells of losing the cluster or its data`,
    {
      hint: 'Acknowledge its alert, or change the rule for clusters of other environments.',
      path: ['input', 'rule'],
    },
  );
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
