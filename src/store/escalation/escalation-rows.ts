import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type PersonRef, type Severity, severities } from '../../domain/alert.ts';
import type { AlertRoute } from '../../domain/alert-route.ts';
import type { Addressee } from '../../domain/escalation/addressees.ts';
import type { StepKind } from '../../domain/escalation/policy.ts';
import type { OnCallOverride, Rotation } from '../../domain/on-call.ts';
import { toScope } from '../calendar/calendar-rows.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

/** What is kept with everything that people say here: who, when, why, and how it ended. */
export type Said = {
  readonly reason: string;
  readonly byId: string;
  readonly byName: string;
  readonly at: Date;
  readonly ended: { readonly at: Date; readonly byName: string; readonly reason: string } | null;
};

export type KeptRoute = AlertRoute & Said;
export type KeptRotation = Rotation & Said;
export type KeptOnCallOverride = OnCallOverride & Said;

const severity = z.enum(severities);
const text = z.string().nullable();

export type RouteDefinition = Omit<AlertRoute, 'id' | 'scope' | 'leastSeverity'>;
export type RotationDefinition = Pick<Rotation, 'persons' | 'startsAt' | 'timeZone' | 'shiftHours'>;

const routeShape: z.ZodType<RouteDefinition> = z.object({
  ...{ channel: text, secondChannel: text, fallbackChannel: text },
  ...{ rotation: text, userGroup: text, managerGroup: text },
  webhook: z.object({ url: z.string(), secret: z.string() }).nullable(),
  workingHours: z
    .object({ timeZone: z.string(), days: z.array(z.number()), fromMinute: z.number(), untilMinute: z.number() })
    .nullable(),
});
const person: z.ZodType<PersonRef> = z.object({ id: z.string(), name: z.string() });
const rotationShape: z.ZodType<RotationDefinition> = z.object({
  ...{ persons: z.array(person), startsAt: z.string(), timeZone: z.string(), shiftHours: z.number() },
});
const toldShape: z.ZodType<Addressee[]> = z.array(
  z.discriminatedUnion('kind', [
    z.object({
      ...{ kind: z.literal('PERSON'), id: z.string(), name: z.string() },
      role: z.enum(['PRIMARY', 'SECONDARY']),
    }),
    z.object({ kind: z.literal('GROUP'), id: z.string(), role: z.enum(['GROUP', 'MANAGERS']) }),
    z.object({ kind: z.literal('PLACE'), place: z.string() }),
    z.object({ kind: z.literal('WEBHOOK') }),
  ]),
);
const stepKinds = ['FIRST', 'STEP', 'REPEAT', 'EXHAUSTED', 'HOURLY'] as const satisfies readonly StepKind[];

export function toRoute(row: Selectable<Tables['alert_route']>): KeptRoute {
  return {
    ...{ id: row.id, scope: toScope(row), leastSeverity: severity.parse(row.least_severity) },
    ...fromJson(routeShape, row.definition),
    ...saidOf(row),
  };
}

export function toRotation(row: Selectable<Tables['on_call_rotation']>): KeptRotation {
  const { id, name } = row;
  return { id, name, scope: toScope(row), ...fromJson(rotationShape, row.definition), ...saidOf(row) };
}

export function toOnCallOverride(row: Selectable<Tables['on_call_override']>): KeptOnCallOverride {
  return {
    ...{ id: row.id, rotation: row.rotation, from: row.from_at, until: row.until_at, madeAt: row.created_at },
    person: { id: row.person_id, name: row.person_name },
    ...saidOf(row),
  };
}

/** A step that was carried out. */
export type CarriedStep = {
  readonly id: string;
  readonly alertId: string;
  readonly episode: number;
  readonly severity: Severity;
  readonly step: number;
  readonly from: number;
  readonly kind: StepKind;
  /** That of the alert's event which says it. */
  readonly revision: number;
  readonly at: Date;
  readonly told: readonly Addressee[];
  readonly missing: readonly string[];
  /** When it was found that something of it was delivered to nobody; null = nothing was. */
  readonly undeliveredAt: Date | null;
  readonly reason: string | null;
  /** Null = Starwarden itself. */
  readonly by: PersonRef | null;
};

export function toStep(row: Selectable<Tables['escalation_step']> & { undelivered_at: Date | null }): CarriedStep {
  return {
    ...{ id: row.id, alertId: row.alert_id, episode: row.episode, severity: severity.parse(row.severity) },
    ...{ step: row.step, from: row.from_step, kind: z.enum(stepKinds).parse(row.kind), revision: row.revision },
    ...{ at: row.at, told: fromJson(toldShape, row.told), missing: fromJson(z.array(z.string()), row.missing) },
    undeliveredAt: row.undelivered_at,
    reason: row.reason,
    by: row.by_id === null ? null : { id: row.by_id, name: row.by_name ?? row.by_id },
  };
}

type SaidRow = Pick<
  Selectable<Tables['alert_route']>,
  'reason' | 'by_id' | 'by_name' | 'created_at' | 'ended_at' | 'ended_by_name' | 'ended_reason'
>;

function saidOf(row: SaidRow): Said {
  const { ended_at: at, ended_by_name: byName, ended_reason: reason } = row;
  return {
    ...{ reason: row.reason, byId: row.by_id, byName: row.by_name, at: row.created_at },
    ended: at === null ? null : { at, byName: byName ?? 'somebody', reason: reason ?? '' },
  };
}
