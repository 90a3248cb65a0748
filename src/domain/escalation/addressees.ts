import type { PersonRef } from '../alert.ts';
import type { AlertRoute } from '../alert-route.ts';
import { nobodyInWords, type OnCall } from '../on-call.ts';
import { type EscalationPolicy, type EscalationTarget, targetsOf } from './policy.ts';

/** Somebody or something that is told of an alert. `place` of a direct message is `person:<id>`. */
export type Addressee =
  | { readonly kind: 'PERSON'; readonly id: string; readonly name: string; readonly role: 'PRIMARY' | 'SECONDARY' }
  | { readonly kind: 'GROUP'; readonly id: string; readonly role: 'GROUP' | 'MANAGERS' }
  | { readonly kind: 'PLACE'; readonly place: string }
  | { readonly kind: 'WEBHOOK' };

export type Addressees = {
  readonly told: readonly Addressee[];
  /** Why somebody who should be told is not, as clauses. */
  readonly missing: readonly string[];
};

export type CallFacts = {
  readonly route: AlertRoute;
  /** Null = the route names no rotation, or one that is not there any more. */
  readonly onCall: OnCall | null;
  /** Whether a person can be mentioned: they have a Slack account here. */
  readonly isReachable: (person: PersonRef) => boolean;
};

/** Whom the targets of a step mean now. */
export function addresseesOf(targets: readonly EscalationTarget[], facts: CallFacts): Addressees {
  const found = targets.map((target) => addresseeOf(target, facts));
  const told = found.flatMap((each) => (typeof each === 'object' ? [each] : []));
  return {
    told,
    missing: [...new Set(found.filter((each) => typeof each === 'string'))].filter((each) => each !== ''),
  };
}

/**
 * Whom a step tells, with the step up to which it goes: when one finds nobody, the next is taken at once. A repeat has no next.
 */
export function addresseesFrom(
  policy: EscalationPolicy,
  range: { readonly from: number; readonly to: number; readonly isUntold: boolean },
  facts: CallFacts,
): Addressees & { readonly to: number } {
  const targets = targetsOf(policy, range);
  const addressees = addresseesOf(targets, facts);
  const hasNext = range.to + 1 < policy.steps.length;
  if (targets.length === 0 || addressees.told.length > 0 || !hasNext) return { ...addressees, to: range.to };
  const further = addresseesFrom(policy, { ...range, to: range.to + 1 }, facts);
  return { ...further, missing: [...new Set([...addressees.missing, ...further.missing])] };
}

/** Text = why there is nobody; empty where nobody was ever meant to be. */
function addresseeOf(target: EscalationTarget, { route, onCall, isReachable }: CallFacts): Addressee | string {
  switch (target) {
    case 'ON_CALL': {
      const primary = primaryOf({ route, onCall });
      if (typeof primary === 'string') return primary;
      return isReachable(primary)
        ? { kind: 'PERSON', id: primary.id, name: primary.name, role: 'PRIMARY' }
        : `${primary.name}, who is on call, has no Slack account here`;
    }
    case 'SECONDARY': {
      const secondary = onCall?.kind === 'SOMEBODY' ? onCall.secondary : null;
      if (secondary === null) return 'nobody is second on call';
      return isReachable(secondary)
        ? { kind: 'PERSON', id: secondary.id, name: secondary.name, role: 'SECONDARY' }
        : `${secondary.name}, who is second on call, has no Slack account here`;
    }
    case 'GROUP':
      return route.userGroup === null
        ? 'the route names no user group'
        : { kind: 'GROUP', id: route.userGroup, role: 'GROUP' };
    case 'MANAGERS':
      return route.managerGroup === null ? '' : { kind: 'GROUP', id: route.managerGroup, role: 'MANAGERS' };
    case 'SECOND_PLACE': {
      if (route.secondChannel !== null) return { kind: 'PLACE', place: route.secondChannel };
      const primary = primaryOf({ route, onCall });
      return typeof primary === 'string' || !isReachable(primary)
        ? 'the route names no second channel'
        : { kind: 'PLACE', place: `person:${primary.id}` };
    }
    case 'WEBHOOK':
      return route.webhook === null ? '' : { kind: 'WEBHOOK' };
    default:
      return target satisfies never;
  }
}

function primaryOf({ route, onCall }: Pick<CallFacts, 'route' | 'onCall'>): PersonRef | string {
  if (route.rotation === null) return 'the route names no rotation';
  if (onCall === null) return `the rotation ${route.rotation} is not there any more`;
  if (onCall.kind === 'SOMEBODY') return onCall.primary;
  return `nobody is on call in ${route.rotation}: ${nobodyInWords(onCall.why)}`;
}

/** Whom it is, for people: `kim (on call), the user group, the second channel`. */
export function inWordsOf(told: readonly Addressee[]): string {
  return told.map(nameOf).join(', ');
}

function nameOf(addressee: Addressee): string {
  switch (addressee.kind) {
    case 'PERSON':
      return `${addressee.name} (${addressee.role === 'PRIMARY' ? 'on call' : 'second on call'})`;
    case 'GROUP':
      return addressee.role === 'GROUP' ? 'the user group' : 'the managers';
    case 'PLACE':
      return addressee.place.startsWith('person:') ? 'a direct message' : 'the second channel';
    case 'WEBHOOK':
      return 'the webhook';
    default:
      return addressee satisfies never;
  }
}
