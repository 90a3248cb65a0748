import type { ActionsBlockElement, Button, Overflow, StaticSelect } from '@slack/web-api';
import { type Alert, alertName, titleToShow } from '../../domain/alert.ts';
import { plain } from './text.ts';

/**
 * What can be done with an alert from its message, at most four controls: each carries the alert and the revision that the
 * message showed. Menus cannot carry a label for screen readers, so what they do is in their words.
 */
export function alertControls(alert: Alert, runbook: string | null): readonly ActionsBlockElement[] {
  const button = (id: string, label: string, change: Partial<Button> = {}): Button => ({
    type: 'button',
    action_id: id,
    text: { type: 'plain_text', text: label },
    value: alertValue(alert),
    accessibility_label: plain(`${label}: ${alertName(alert)}, ${titleToShow(alert)}`, 75),
    ...change,
  });
  const page = runbook === null ? [] : [button('alert.runbook', 'Runbook', { url: runbook })];
  if (alert.signal === 'RESOLVED') return [button('alert.details', 'Details'), ...page];
  const taking =
    alert.handling.kind === 'ACKED'
      ? button('alert.unack', 'Take back')
      : button('alert.ack', 'Acknowledge', { style: 'primary' });
  const canBeSilenced = alert.mute.kind !== 'SILENCED' && !alert.isNeverHidden;
  return [taking, ...(canBeSilenced ? [silenceMenu(alert)] : []), ...page, moreMenu(alert)];
}

/** Opens the page of a rule, from a message that is about no one alert. */
export function runbookButton(url: string, rule: string): Button {
  return {
    ...{ type: 'button', action_id: 'alert.runbook', url },
    text: { type: 'plain_text', text: 'Runbook' },
    accessibility_label: plain(`Runbook of ${rule}`, 75),
  };
}

const silenceTimes = [
  [30, '30 min'],
  [60, '1 h'],
  [240, '4 h'],
  [1440, '24 h'],
] as const;

function silenceMenu(alert: Alert): StaticSelect {
  const option = (choice: string, text: string) => ({
    text: { type: 'plain_text' as const, text },
    value: `${alertValue(alert)} ${choice}`,
  });
  return {
    type: 'static_select',
    action_id: 'alert.silence',
    placeholder: { type: 'plain_text', text: 'Silence for…' },
    options: [...silenceTimes.map(([minutes, text]) => option(`${minutes}`, text)), option('other', 'other…')],
  };
}

const moreChoices = [
  ['assign', 'Assign…'],
  ['escalate', 'Escalate now…'],
  ['details', 'Details'],
  ['why', 'Why?'],
  ['resolve', 'Resolve…'],
] as const;
export type MoreChoice = (typeof moreChoices)[number][0];

function moreMenu(alert: Alert): Overflow {
  return {
    type: 'overflow',
    action_id: 'alert.more',
    options: moreChoices.map(([choice, text]) => ({
      text: { type: 'plain_text', text },
      value: `${alertValue(alert)} ${choice}`,
    })),
  };
}

type Chosen<Choice> = { readonly value: string; readonly choice: Choice };

/** Reads what was chosen in the menu of times: minutes, or a time of one's own. */
export function readSilenceValue(given: string | null): Chosen<number | 'other'> | null {
  const split = splitChoice(given);
  if (split === null) return null;
  if (split.choice === 'other') return { ...split, choice: 'other' };
  const time = silenceTimes.find(([minutes]) => String(minutes) === split.choice);
  return time === undefined ? null : { ...split, choice: time[0] };
}

/** Reads what was chosen in the menu of the rest. */
export function readMoreValue(given: string | null): Chosen<MoreChoice> | null {
  const split = splitChoice(given);
  const known = moreChoices.find(([choice]) => choice === split?.choice);
  return split === null || known === undefined ? null : { ...split, choice: known[0] };
}

/** `value` = that of a button about the same alert. */
function splitChoice(given: string | null): Chosen<string> | null {
  const [, value = null, choice] = /^(.*) ([a-z0-9]{1,10})$/.exec(given ?? '') ?? [];
  return value === null || choice === undefined || readAlertValue(value) === null ? null : { value, choice };
}

export function alertValue(alert: Pick<Alert, 'id' | 'revision'>): string {
  return `${alert.id} ${alert.revision}`;
}

/** Reads the value of one of our alert buttons. An old revision still means the same alert, as it is now. */
export function readAlertValue(value: string | null): { alertId: string; revision: number } | null {
  const match = /^(alr_[0-9A-Z]{26}) (\d{1,15})$/.exec(value ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : { alertId: match[1], revision: Number(match[2]) };
}
