import type { Alert, PersonRef } from '../../domain/alert.ts';
import { type AlertRoute, routeOf } from '../../domain/alert-route.ts';
import type { CallFacts } from '../../domain/escalation/addressees.ts';
import type { StepFacts } from '../../domain/escalation/next-step.ts';
import { escalationPolicies } from '../../domain/escalation/policy.ts';
import { unackedTime } from '../../domain/escalation/unacked-time.ts';
import { type OnCall, onCallAt, type Rotation } from '../../domain/on-call.ts';
import type { Reader } from '../database.ts';
import { clockEventsOf, findCallable, type Routing, readRouting, stepsOfAlerts } from '../reads/escalations.ts';
import { toldSince } from '../slack/told.ts';

/** All from which follows what is to be done about an alert that nobody has. */
export type EscalationFacts = StepFacts & { readonly call: CallFacts };

type Asked = {
  readonly at: Date;
  /** Names of people who have a Slack account by the configuration: it is stored when they first ask for something. */
  readonly linkedNames: readonly string[];
};

/** Reads it as it is now; null = nothing is ever done about it: it is LOW, or there is no route for it. */
export async function readEscalationFacts(
  db: Reader,
  alert: Alert,
  { at, linkedNames }: Asked,
): Promise<EscalationFacts | null> {
  const policy = escalationPolicies[alert.severity];
  const routing = policy === null ? null : await readRouting(db);
  const route = routing === null ? null : routeOf(routing.routes, alert);
  if (policy === null || routing === null || route === null) return null;
  const events = await clockEventsOf(db, alert.id);
  const time = unackedTime(alert, events);
  const began = events.find(({ id }) => id === time?.episode);
  if (time === null || began === undefined) return null;
  const told = await toldSince(db, alert.id, began);
  const steps = await stepsOfAlerts(db, [alert.id]);
  const done = steps
    .filter(({ episode, severity }) => episode === time.episode && severity === alert.severity)
    .reduce((most, { step }) => Math.max(most, step), -1);
  return {
    ...{ policy, time, toldAt: told, done, hours: route.workingHours, at },
    call: await readCallFacts(db, { route, routing, at, linkedNames }),
  };
}

async function readCallFacts(
  db: Reader,
  { route, routing, at, linkedNames }: Asked & { route: AlertRoute; routing: Routing },
): Promise<CallFacts> {
  const rotation = routing.rotations.find(({ name }) => name === route.rotation);
  if (rotation === undefined) return { route, onCall: null, isReachable: () => false };
  const { onCall, callable } = await readOnCall(db, { rotation, routing, at });
  const isReachable = ({ id, name }: PersonRef) =>
    callable.some((each) => each.id === id && each.hasAccount) || linkedNames.includes(name);
  return { route, onCall, isReachable };
}

/** Who is on call in a rotation at a time; people who were shut out are left out. */
export async function readOnCall(
  db: Reader,
  { rotation, routing, at }: { rotation: Rotation; routing: Pick<Routing, 'overrides'>; at: Date },
): Promise<{ readonly onCall: OnCall; readonly callable: Awaited<ReturnType<typeof findCallable>> }> {
  const { overrides } = routing;
  const ids = [...rotation.persons, ...overrides.map(({ person }) => person)].map(({ id }) => id);
  const callable = await findCallable(db, [...new Set(ids)]);
  const isActive = (personId: string) => callable.some(({ id }) => id === personId);
  return { onCall: onCallAt(rotation, { overrides, at, isActive }), callable };
}
