import type { Alert, PersonRef } from '../../domain/alert.ts';
import { type AlertRoute, routeOf } from '../../domain/alert-route.ts';
import type { CallFacts } from '../../domain/escalation/addressees.ts';
import type { StepFacts } from '../../domain/escalation/next-step.ts';
import { type EscalationPolicy, escalationPolicies } from '../../domain/escalation/policy.ts';
import { unackedTime } from '../../domain/escalation/unacked-time.ts';
import { type OnCall, onCallAt, type Rotation } from '../../domain/on-call.ts';
import { firstGap, gapsAheadMs, type OnCallGap } from '../../domain/on-call-gap.ts';
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
export async function readEscalationFacts(db: Reader, alert: Alert, asked: Asked): Promise<EscalationFacts | null> {
  return (await escalationFactsOf(db, [alert], asked)).get(alert.id) ?? null;
}

/** The same of any number of alerts, in as many statements as of one; those about which nothing is ever done are left out. */
export async function escalationFactsOf(
  db: Reader,
  alerts: readonly Alert[],
  { at, linkedNames }: Asked,
): Promise<ReadonlyMap<string, EscalationFacts>> {
  const routed = await routesOf(db, alerts);
  const ids = routed.found.map(({ alert }) => alert.id);
  const events = Map.groupBy(await clockEventsOf(db, ids), ({ alertId }) => alertId);
  const times = new Map(
    routed.found.flatMap(({ alert }) => {
      const own = events.get(alert.id) ?? [];
      const time = unackedTime(alert, own);
      const began = own.find(({ id }) => id === time?.episode);
      return time === null || began === undefined ? [] : [[alert.id, { time, began }] as const];
    }),
  );
  const told = await toldSince(db, new Map([...times].map(([id, { began }]) => [id, began])));
  const steps = Map.groupBy(await stepsOfAlerts(db, ids), ({ alertId }) => alertId);
  const callOf = await readCalls(db, { ...routed, at, linkedNames });
  const facts = routed.found.flatMap(({ alert, policy, route }): [string, EscalationFacts][] => {
    const time = times.get(alert.id)?.time;
    if (time === undefined) return [];
    const last = (steps.get(alert.id) ?? [])
      .filter(({ episode, severity }) => episode === time.episode && severity === alert.severity)
      .toSorted((a, b) => a.step - b.step)
      .at(-1);
    const toldAt = told.get(alert.id) ?? null;
    const gone = { done: last?.step ?? -1, undeliveredAt: last?.undeliveredAt ?? null };
    return [[alert.id, { policy, time, toldAt, ...gone, hours: route.workingHours, at, call: callOf(route) }]];
  });
  return new Map(facts);
}

type Routed = { readonly alert: Alert; readonly policy: EscalationPolicy; readonly route: AlertRoute };

async function routesOf(
  db: Reader,
  alerts: readonly Alert[],
): Promise<{ readonly found: readonly Routed[]; readonly routing: Routing }> {
  const escalating = alerts.filter(({ severity }) => escalationPolicies[severity] !== null);
  const routing = escalating.length === 0 ? { routes: [], rotations: [], overrides: [] } : await readRouting(db);
  const found = escalating.flatMap((alert) => {
    const policy = escalationPolicies[alert.severity];
    const route = routeOf(routing.routes, alert);
    return policy === null || route === null ? [] : [{ alert, policy, route }];
  });
  return { found, routing };
}

type Calls = Asked & { readonly found: readonly Routed[]; readonly routing: Routing };

/** Whom each of the routes means now. */
async function readCalls(
  db: Reader,
  { found, routing, at, linkedNames }: Calls,
): Promise<(route: AlertRoute) => CallFacts> {
  const { overrides } = routing;
  const rotations = routing.rotations.filter(({ name }) => found.some(({ route }) => route.rotation === name));
  const callable = await findCallable(db, rotations.length === 0 ? [] : personsOf(rotations, overrides));
  const isReachable = ({ id, name }: PersonRef) =>
    callable.some((each) => each.id === id && each.hasAccount) || linkedNames.includes(name);
  return (route) => {
    const rotation = rotations.find(({ name }) => name === route.rotation);
    if (rotation === undefined) return { route, onCall: null, isReachable: () => false };
    return { route, onCall: onCallAt(rotation, { overrides, at, isActive: isAmong(callable) }), isReachable };
  };
}

function personsOf(rotations: readonly Rotation[], overrides: Routing['overrides']): readonly string[] {
  const persons = [...rotations.flatMap((rotation) => rotation.persons), ...overrides.map(({ person }) => person)];
  return [...new Set(persons.map(({ id }) => id))];
}

function isAmong(callable: readonly { readonly id: string }[]): (personId: string) => boolean {
  return (personId) => callable.some(({ id }) => id === personId);
}

type AskedOnCall = Asked & { readonly rotation: Rotation; readonly routing: Pick<Routing, 'overrides'> };

/**
 * Who is on call in a rotation at a time, people who were shut out left out, and the first time from then on in which calling it would
 * reach nobody; null = there is none in the next two weeks.
 */
export async function readOnCall(
  db: Reader,
  { rotation, routing, at, linkedNames }: AskedOnCall,
): Promise<{ readonly onCall: OnCall; readonly gap: OnCallGap | null }> {
  const { overrides } = routing;
  const callable = await findCallable(db, personsOf([rotation], overrides));
  const isActive = isAmong(callable);
  const isReachable = ({ id, name }: PersonRef) =>
    callable.some((each) => each.id === id && each.hasAccount) || linkedNames.includes(name);
  return {
    onCall: onCallAt(rotation, { overrides, at, isActive }),
    gap: firstGap(rotation, { overrides, from: at, forMs: gapsAheadMs, isActive, isReachable }),
  };
}
