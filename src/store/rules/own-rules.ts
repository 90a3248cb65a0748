import type { OwnRule } from '../../domain/rules/book.ts';
import { mistakesInRule } from '../../domain/rules/mistakes.ts';
import type { RuleScope } from '../../domain/rules/override.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { checkReason } from '../calendar/calendar-scope.ts';
import { type Database, databaseNow, inTransaction } from '../database.ts';
import { toJson } from '../json.ts';
import { listOwnRules } from '../reads/rules.ts';
import { visibilityOf } from '../reads/visibility.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { ending } from './overrides.ts';
import { type OwnDefinition, ruleOf, scopeColumns, toOwnRule } from './rule-rows.ts';
import { auditRuleChange, authorizeRuleScope, type RuleChange } from './rule-scope.ts';

export type NewRule = {
  readonly name: string;
  /** A node cannot have a rule of its own, only an override of one. */
  readonly scope: Exclude<RuleScope, { kind: 'node' }>;
  readonly definition: OwnDefinition;
  readonly reason: string;
};

/** Throws `INVALID_INPUT` and `ALREADY_EXISTS`, besides what `authorizeRuleScope` throws. */
export async function createRule(db: Database, wanted: NewRule, by: RuleChange): Promise<OwnRule> {
  const action = 'createAlertRule';
  const { name, scope, definition } = wanted;
  const reason = checkReason(wanted.reason);
  const [mistake] = mistakesInRule(ruleOf(name, definition));
  if (mistake !== undefined)
    throw new AppError('INVALID_INPUT', mistake.message, { hint: mistake.hint, path: ['input', mistake.field] });
  await authorizeRuleScope(db, { by, scope, action });
  const id = newId('arl');
  try {
    return await inTransaction(db, async (tx) => {
      await tx
        .insertInto('alert_rule')
        .values({
          ...{ id, name, open_name: name, ...scopeColumns(scope), reason },
          definition: toJson(definition),
          ...{ by_id: by.actor.id, by_name: by.actor.name, created_at: databaseNow },
        })
        .execute();
      const { on, forMs, severity } = definition;
      const { metric, compare, threshold, clear } =
        on.kind === 'METRIC' ? on : { metric: null, compare: null, threshold: null, clear: null };
      const detail = { id, scope, reason, metric, compare, threshold, clear, forMs, severity };
      await auditRuleChange(tx, by, { action, rule: name, scope, detail });
      return toOwnRule(await tx.selectFrom('alert_rule').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `There is a rule ${name} already`, {
      hint: 'Choose another name, or remove that one first.',
      path: ['input', 'name'],
      cause: error,
    });
  }
}

/** Its open alerts end with the next look, with the name of who removed it. Throws `NOT_FOUND` and what `authorizeRuleScope` throws. */
export async function removeRule(
  db: Database,
  wanted: { readonly name: string; readonly reason: string },
  by: RuleChange,
): Promise<OwnRule> {
  const action = 'removeAlertRule';
  const { name } = wanted;
  const reason = checkReason(wanted.reason);
  const visibility = visibilityOf(by.actor, 'cluster:read');
  const [seen] = await listOwnRules(db, { visibility, names: [name], removed: false });
  if (seen === undefined) throw noRule(name);
  const { id, scope } = seen;
  await authorizeRuleScope(db, { by, scope, action });
  return inTransaction(db, async (tx) => {
    const removed = { removed_by_id: by.actor.id, removed_by_name: by.actor.name, removed_reason: reason };
    const { numUpdatedRows } = await tx
      .updateTable('alert_rule')
      .set({ open_name: null, removed_at: databaseNow, ...removed })
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noRule(name);
    // A rule that is made under this name later has nothing to do with them.
    await tx
      .updateTable('alert_rule_override')
      .set(ending(by, `the rule was removed: ${reason}`.slice(0, 1_000)))
      .where('rule', '=', name)
      .where('ended_at', 'is', null)
      .execute();
    await auditRuleChange(tx, by, { action, rule: name, scope, detail: { id, reason } });
    return toOwnRule(await tx.selectFrom('alert_rule').selectAll().where('id', '=', id).executeTakeFirstOrThrow());
  });
}

function noRule(name: string): AppError {
  return new AppError('NOT_FOUND', `There is no rule of yours ${name}`, {
    hint: 'The query alertRules lists them. A rule that comes with Starwarden is not removed: disable it.',
    path: ['input', 'name'],
  });
}
