import { type SqlBool, sql } from 'kysely';
import type { AlertEvent, PersonRef } from '../../domain/alert.ts';
import { clockEvents } from '../../domain/escalation/unacked-time.ts';
import { toAlertEvent } from '../alerts/alert-rows.ts';
import type { Reader } from '../database.ts';
import {
  type CarriedStep,
  type KeptOnCallOverride,
  type KeptRotation,
  type KeptRoute,
  toOnCallOverride,
  toRotation,
  toRoute,
  toStep,
} from '../escalation/escalation-rows.ts';
import { readable } from '../readable.ts';
import { isEntryVisible } from './calendar.ts';
import type { Visibility } from './visibility.ts';

const databaseTime = sql<Date>`UTC_TIMESTAMP(3)`;

/** All that holds now of where alerts go and who is called: some dozens of rows. What cannot be read is left out. */
export type Routing = {
  readonly routes: readonly KeptRoute[];
  readonly rotations: readonly KeptRotation[];
  readonly overrides: readonly KeptOnCallOverride[];
};

export async function readRouting(db: Reader): Promise<Routing> {
  const routes = await listRoutes(db, { visibility: 'everywhere', past: false });
  if (routes.length === 0) return { routes, rotations: [], overrides: [] };
  const rotations = await listRotations(db, { visibility: 'everywhere', past: false });
  return { routes, rotations, overrides: await listOnCallOverrides(db, rotations) };
}

/** Newest first; `past`: also those whose place another one took, or that were removed. */
export async function listRoutes(
  db: Reader,
  { visibility, past }: { visibility: Visibility; past: boolean },
): Promise<readonly KeptRoute[]> {
  let query = db.selectFrom('alert_route').selectAll().where(isEntryVisible(visibility, 'alert_route'));
  if (!past) query = query.where('open_key', 'is not', null);
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(1_000).execute();
  return readable(rows, toRoute, () => undefined);
}

/** By name, newest first; `past` as in `listRoutes`. */
export async function listRotations(
  db: Reader,
  { visibility, past }: { visibility: Visibility; past: boolean },
): Promise<readonly KeptRotation[]> {
  let query = db.selectFrom('on_call_rotation').selectAll().where(isEntryVisible(visibility, 'on_call_rotation'));
  if (!past) query = query.where('open_name', 'is not', null);
  const rows = await query.orderBy('name').orderBy('created_at', 'desc').limit(1_000).execute();
  return readable(rows, toRotation, () => undefined);
}

/** Those of these rotations that hold or will hold; of rotations that the caller has read with their rights. */
export async function listOnCallOverrides(
  db: Reader,
  rotations: readonly { readonly name: string }[],
): Promise<readonly KeptOnCallOverride[]> {
  if (rotations.length === 0) return [];
  const names = rotations.map(({ name }) => name);
  const rows = await db
    .selectFrom('on_call_override')
    .selectAll()
    .where('rotation', 'in', names)
    .where('ended_at', 'is', null)
    .where('until_at', '>', databaseTime)
    .orderBy('from_at')
    .orderBy('id')
    .execute();
  return readable(rows, toOnCallOverride, () => undefined);
}

/** One that was not ended; of rotations that somebody may see. */
export async function findVisibleOnCallOverride(
  db: Reader,
  { visibility, id }: { visibility: Visibility; id: string },
): Promise<KeptOnCallOverride | null> {
  const row = await db
    .selectFrom('on_call_override')
    .innerJoin('on_call_rotation', 'on_call_rotation.open_name', 'on_call_override.rotation')
    .selectAll('on_call_override')
    .where('on_call_override.id', '=', id)
    .where('on_call_override.ended_at', 'is', null)
    .where(isEntryVisible(visibility, 'on_call_rotation'))
    .executeTakeFirst();
  return row === undefined ? null : toOnCallOverride(row);
}

/** The steps of alerts that were read with rights, oldest first. */
export async function stepsOfAlerts(db: Reader, alertIds: readonly string[]): Promise<readonly CarriedStep[]> {
  if (alertIds.length === 0) return [];
  const rows = await db
    .selectFrom('escalation_step')
    .selectAll()
    .select((row) =>
      row
        .selectFrom('escalation_delivery')
        .select((sent) => sent.fn.min('done_at').as('at'))
        .whereRef('escalation_delivery.step_id', '=', 'escalation_step.id')
        .whereRef('escalation_delivery.alert_id', '=', 'escalation_step.alert_id')
        .where('escalation_delivery.state', 'in', ['FAILED', 'GIVEN_UP'])
        .as('undelivered_at'),
    )
    .where('alert_id', 'in', alertIds)
    .orderBy('at')
    .orderBy('id')
    .execute();
  return rows.map(toStep);
}

/** Of these persons, those who were not shut out, with whether they have an account in Slack. */
export async function findCallable(
  db: Reader,
  ids: readonly string[],
): Promise<readonly { readonly id: string; readonly name: string; readonly hasAccount: boolean }[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('person')
    .select(['id', 'name'])
    .select((row) =>
      row
        .exists(
          row
            .selectFrom('slack_identity')
            .select('slack_identity.slack_user')
            .whereRef('slack_identity.person_id', '=', 'person.id'),
        )
        .$castTo<number>()
        .as('linked'),
    )
    .where('id', 'in', ids)
    .where('disabled_at', 'is', null)
    .execute();
  return rows.map(({ id, name, linked }) => ({ id, name, hasAccount: linked === 1 }));
}

/** How what a step sent elsewhere fared, by step: a message by its card in Slack, a webhook by its own row. */
export type StepDelivery = {
  readonly stepId: string;
  readonly kind: string;
  readonly place: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly at: Date | null;
};

export async function deliveriesOfSteps(db: Reader, stepIds: readonly string[]): Promise<readonly StepDelivery[]> {
  if (stepIds.length === 0) return [];
  const rows = await db
    .selectFrom('escalation_delivery as sent')
    .innerJoin('escalation_step as step', 'step.id', 'sent.step_id')
    .leftJoin('slack_card as card', (join) =>
      join.on('card.kind', '=', 'ESCALATION').on('card.subject_id', '=', (row) =>
        row
          .selectFrom('escalation_delivery as first')
          .select((each) => each.fn.min('first.id').as('id'))
          .whereRef('first.alert_id', '=', 'sent.alert_id')
          .whereRef('first.kind', '=', 'sent.kind')
          .whereRef('first.place', '=', 'sent.place'),
      ),
    )
    .leftJoin('slack_line as line', (join) =>
      join
        .onRef('line.card_id', '=', 'card.id')
        .on('line.line_key', '=', (row) =>
          row
            .selectFrom('alert_event')
            .select(sql<string>`CONCAT('event:', MAX(alert_event.id))`.as('line_key'))
            .whereRef('alert_event.alert_id', '=', 'sent.alert_id')
            .whereRef('alert_event.revision', '=', 'step.revision'),
        ),
    )
    .select(['sent.id', 'sent.step_id', 'sent.kind', 'sent.place', 'sent.state', 'sent.outcome', 'sent.done_at'])
    .select(['card.subject_id', 'card.channel', 'card.state as card_state', 'card.error as card_error'])
    .select(['card.sent_at as card_sent_at'])
    .select(['line.state as line_state', 'line.error as line_error', 'line.sent_at as line_sent_at'])
    .where('sent.step_id', 'in', stepIds)
    .orderBy('sent.id')
    .execute();
  return rows.map((row) => {
    const { step_id: stepId, kind, place, state, outcome } = row;
    if (kind !== 'PLACE' || row.card_state === null) return { stepId, kind, place, state, outcome, at: row.done_at };
    // Refused there, and told elsewhere: that is no delivery to this place, and it says where it went.
    const isElsewhere = state === 'FAILED' && isOtherPlace(place, row.channel ?? '');
    if (isElsewhere) {
      const there =
        row.card_state === 'SENT' ? '' : `, where it is ${row.card_state} (${row.card_error ?? 'under way'})`;
      return { stepId, kind, place, state, outcome: `${outcome}${there}`, at: row.done_at };
    }
    const { card_state, card_error, card_sent_at, line_state, line_error, line_sent_at } = row;
    // A place has one message; what is told there later is a reply to it.
    if (row.subject_id === row.id || card_state === 'FAILED' || line_state === null)
      return { stepId, kind, place, state: card_state, outcome: card_error, at: card_sent_at };
    return { stepId, kind, place, state: line_state, outcome: line_error, at: line_sent_at };
  });
}

/** Whether a message is not in the channel, or the conversation with the person, for which it was meant. */
function isOtherPlace(place: string, channel: string): boolean {
  if (place.startsWith('person:')) return /^[CG]/.test(channel);
  return /^[CG]/.test(place) && channel !== place;
}

/** Whether there is any route at all: without one nothing escalates. */
export async function hasRoutes(db: Reader): Promise<boolean> {
  const row = await db
    .selectFrom('alert_route')
    .select('id')
    .where(sql<SqlBool>`open_key IS NOT NULL`)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** What moved the clocks of alerts that were read with rights, oldest first. */
export async function clockEventsOf(db: Reader, alertIds: readonly string[]): Promise<readonly AlertEvent[]> {
  if (alertIds.length === 0) return [];
  const rows = await db
    .selectFrom('alert_event')
    .selectAll()
    .where('alert_id', 'in', alertIds)
    .where('type', 'in', clockEvents)
    .orderBy('id')
    .execute();
  return rows.map(toAlertEvent);
}

/** What calls somebody for an alert that stands in the message of a group or storm. */
export type CallOnGroup = {
  readonly event: AlertEvent;
  readonly number: number;
  readonly title: string;
  readonly assignee: PersonRef | null;
};

/** The calls for the alerts of such a message, oldest first; those that have a message of their own are left out. */
export async function callsOnGroup(db: Reader, groupId: string): Promise<readonly CallOnGroup[]> {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .innerJoin('alert_event', 'alert_event.alert_id', 'alert.id')
    .selectAll('alert_event')
    .select(['alert.number', 'alert.title', 'alert.assignee_id', 'alert.assignee_name'])
    .where('alert_delivery.group_id', '=', groupId)
    .where('slack_card.kind', '!=', 'ALERT')
    .where('alert_event.type', 'in', ['CALLED', 'ASSIGNED', 'NOT_DELIVERED'])
    .orderBy('alert_event.id')
    .limit(1_000)
    .execute();
  return rows.map((row) => ({
    ...{ event: toAlertEvent(row), number: row.number, title: row.title },
    assignee: row.assignee_id === null ? null : { id: row.assignee_id, name: row.assignee_name ?? row.assignee_id },
  }));
}
