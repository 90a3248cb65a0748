import type { Alert } from '../../domain/alert.ts';
import { findShippedRule } from '../../domain/rules/shipped/index.ts';
import { findVisibleRun } from '../../store/reads/runs.ts';
import type { Visibility } from '../../store/reads/visibility.ts';
import type { Bot } from '../bot.ts';

/** What every message about one alert shows beside the alert itself. */
export async function readShownWith(
  bot: Bot,
  alert: Alert,
  visibility: Visibility,
): Promise<{ readonly mutedByRun: number | null; readonly runbook: string | null }> {
  const muting = alert.mute.kind === 'INHIBITED' ? /^run:(.+)$/.exec(alert.mute.by)?.[1] : undefined;
  const run = muting === undefined ? null : await findVisibleRun(bot.db, { visibility, id: muting });
  return { mutedByRun: run?.number ?? null, runbook: runbookOf(bot, alert) };
}

/** The page about the rule, where somebody said where people read it. People's own rules have none. */
function runbookOf({ settings }: Bot, { rule }: Alert): string | null {
  const page = findShippedRule(rule)?.runbook ?? null;
  return settings.docsUrl === null || page === null ? null : `${settings.docsUrl}${page}`;
}
