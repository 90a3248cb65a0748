import { shippedRules } from '../../domain/rules/shipped/index.ts';
import { fitsPattern } from '../../domain/silence.ts';
import { AppError } from '../../errors.ts';
import type { Reader } from '../database.ts';
import { listOwnRules } from '../reads/rules.ts';
import type { Visibility } from '../reads/visibility.ts';

/** Throws `INVALID_INPUT` for a rule or a pattern that fits no rule, or only such as nothing hides: it would hide nothing, and nobody would notice. */
export async function checkSilencedRule(db: Reader, rule: string | null, visibility: Visibility): Promise<void> {
  if (rule === null) return;
  const own = (await listOwnRules(db, { visibility, removed: false })).map((each) => each.rule);
  const fitting = [...shippedRules, ...own].filter(({ name }) => fitsPattern(rule, name));
  const path = ['input'];
  if (fitting.length === 0)
    throw new AppError('INVALID_INPUT', `No alert rule is called ${rule}`, {
      hint: 'The query alertRules lists them, and an alert names its own; `*` stands for any characters.',
      path,
    });
  if (fitting.every(({ isNeverHidden }) => isNeverHidden === true))
    throw new AppError('INVALID_INPUT', `Nothing hides alerts of ${fitting.map(({ name }) => name).join(', ')}`, {
      hint: 'Acknowledge the alert: then nobody is called for it.',
      path,
    });
}
