import { type Alert, alertName, type PersonRef } from '../../domain/alert.ts';
import type { AlertChange } from '../../domain/alert-facts.ts';
import { durationInWords } from '../../domain/alert-facts.ts';
import { type Addressee, addresseesFrom, inWordsOf } from '../../domain/escalation/addressees.ts';
import { kindOf, type StepKind } from '../../domain/escalation/policy.ts';
import { usedAt } from '../../domain/escalation/unacked-time.ts';
import { placeOfExhausted } from '../../domain/escalation/undelivered-words.ts';
import { newId } from '../../ids.ts';
import { writeAlertChange } from '../alerts/alerts.ts';
import { databaseNow, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { hasOwnCard, tryPlaceNow } from '../slack/escalation-cards.ts';
import type { EscalationFacts } from './facts.ts';
import { webhookBody } from './webhook-body.ts';

type Wanted = {
  readonly alert: Alert;
  readonly facts: EscalationFacts;
  readonly from: number;
  readonly step: number;
  readonly isUntold: boolean;
  /** Set when a person wanted it now. */
  readonly asked?: { readonly by: PersonRef; readonly reason: string };
};

/**
 * Carries out a step: the event in the alert's history, whom it tells, and what is sent elsewhere, all in the caller's transaction,
 * which holds the alert's lock. Messages follow from these rows, so whatever dies afterwards, each is sent. Answers the alert's
 * change; null = there was nothing to say. Its step is written in both cases, so that it is not taken again.
 */
export async function carryOut(tx: Tx, wanted: Wanted): Promise<AlertChange | null> {
  const { alert, facts, from, asked } = wanted;
  const { policy, call, time } = facts;
  const { told, missing, to } = addresseesFrom(policy, { ...wanted, to: wanted.step }, call);
  const kind = kindOf(policy, to);
  const isExhausted = kind === 'EXHAUSTED' || kind === 'HOURLY';
  const isSilent =
    asked === undefined && told.length === 0 && (missing.length === 0 || kind === 'REPEAT') && !isExhausted;
  const change: AlertChange = {
    alert,
    events: [{ type: eventOf(kind, told.length > 0), message: sentenceOf({ ...wanted, told, missing, kind }) }],
  };
  const id = newId('esc');
  await tx
    .insertInto('escalation_step')
    .values({
      ...{ id, alert_id: alert.id, episode: time.episode, severity: alert.severity, step: to, from_step: from, kind },
      ...{ revision: isSilent ? alert.revision : alert.revision + 1, at: databaseNow },
      ...{ told: toJson(told), missing: toJson(missing), reason: asked?.reason ?? null },
      ...{ by_id: asked?.by.id ?? null, by_name: asked?.by.name ?? null },
    })
    .execute();
  // People are called in the alert's thread; one that stands in a message with others has none of its own.
  const isCalled = told.some((each) => each.kind === 'PERSON' || each.kind === 'GROUP');
  const hasThread = kind === 'FIRST' || !isCalled || (await hasOwnCard(tx, alert.id));
  const elsewhere: readonly Addressee[] = [
    ...told,
    ...(hasThread ? [] : [{ kind: 'PLACE', place: 'channel' } as const]),
    ...(isExhausted ? [{ kind: 'PLACE', place: placeOfExhausted(to) } as const] : []),
  ];
  for (const addressee of elsewhere) {
    if (addressee.kind !== 'PLACE' && addressee.kind !== 'WEBHOOK') continue;
    await tx
      .insertInto('escalation_delivery')
      .values({
        ...{ id: newId('edl'), step_id: id, alert_id: alert.id, kind: addressee.kind, route_id: call.route.id },
        place: addressee.kind === 'PLACE' ? addressee.place : '',
        body: addressee.kind === 'WEBHOOK' ? toJson(webhookBody(alert, { step: to, kind, at: facts.at })) : null,
        ...{ state: 'QUEUED', created_at: databaseNow, due_at: databaseNow },
      })
      .execute();
    if (addressee.kind === 'PLACE') await tryPlaceNow(tx, { alertId: alert.id, place: addressee.place });
  }
  if (isSilent) return null;
  await writeAlertChange(tx, change, asked?.by ?? null);
  return change;
}

function eventOf(kind: StepKind, isTold: boolean) {
  if (kind === 'EXHAUSTED') return 'ESCALATION_EXHAUSTED';
  return kind === 'FIRST' && isTold ? 'CALLED' : 'ESCALATED';
}

type Said = Wanted & {
  readonly told: Parameters<typeof inWordsOf>[0];
  readonly missing: readonly string[];
  readonly kind: StepKind;
};

function sentenceOf({ alert, facts, told, missing, kind, asked, isUntold }: Said): string {
  const whom = told.length === 0 ? 'nobody' : inWordsOf(told);
  const without = missing.length === 0 ? '' : `. ${capital(missing.join('; '))}`;
  if (asked !== undefined) return `${asked.by.name} escalated it to ${whom}: ${asked.reason}${without}`;
  if (kind === 'FIRST') return `Called ${whom}${without}`;
  const used = durationInWords(usedAt(facts.time, facts.at));
  const since = isUntold ? `Slack has not confirmed ${alertName(alert)}` : `Nobody has taken it for ${used}`;
  switch (kind) {
    case 'STEP':
      return `${since}: escalated to ${whom}${without}`;
    case 'HOURLY':
      return `Escalation exhausted, and nobody has taken it for ${used}. Told again to ${whom}${without}`;
    case 'REPEAT':
      return `${since}: told again to ${whom}${without}`;
    case 'EXHAUSTED':
      return `Escalation exhausted: ${used} without anybody. Told once more to ${whom}${without}`;
    default:
      return kind satisfies never;
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
