import type { OpenChange } from '../../../domain/open-change.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import {
  balancingInWords,
  type FrontendBalancing,
  judgeBalancing,
  otherThanLeader,
} from '../../../domain/tablets/balancing.ts';
import { inUtc } from '../../../domain/utc.ts';
import { keepBalancingOff, switchOffBalancing } from './steps.ts';

export const longestMinutes = 1_440;

export type PauseBalancing = { readonly minutes?: number; readonly until?: string; readonly colocate: boolean };

export type BalancingFacts = {
  readonly frontends: readonly FrontendBalancing[];
  /** Open temporary changes of tablet scheduling, by whatever run. */
  readonly changes: readonly OpenChange[];
  readonly isSharedData: boolean;
  readonly now: Date;
};

/** By the time of its first plan, `minutes` has become `until`: the end stays where it is, however long the run waits. */
export function planPauseBalancing({ minutes, until, colocate }: PauseBalancing, facts: BalancingFacts): PlanResult {
  if (until === undefined)
    return refuse('INVALID_INPUT', 'How long balancing is to be off is not said', ask, 'minutes');
  if (minutes !== undefined)
    return refuse('INVALID_INPUT', 'Both minutes and until say when balancing goes on again', ask, 'until');
  const wrong = whyNotUntil(new Date(until), facts.now);
  if (wrong !== null) return wrong;
  const { frontends, changes } = facts;
  const before = judgeBalancing(frontends, changes);
  if (before.isOn === null)
    return refuse(
      'PRECONDITION_FAILED',
      `The leader does not say whether tablets are balanced`,
      'Its version may not have the setting tablet_sched_disable_balance.',
    );
  if (before.keptBy !== null) return keptAlready(before.keptBy);
  if (!before.isOn && (!colocate || before.isColocateOn === false))
    return refuse(
      'PRECONDITION_FAILED',
      balancingInWords(before),
      'A run would change nothing now, and would not switch it on at its end. Whoever switched it off has to switch it on.',
    );
  return {
    summary: `Balancing off until ${inUtc(new Date(until))}`,
    steps: [switchOffBalancing.with({ until, colocate }), keepBalancingOff.with({ until, colocate })],
    notes: notesOf(colocate, facts),
  };
}

function notesOf(colocate: boolean, { frontends, isSharedData }: BalancingFacts): string[] {
  const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
  const others = otherThanLeader(frontends);
  const down = frontends.filter(({ isAlive }) => !isAlive).map(({ label }) => label);
  const setByHand = [
    ...(leader?.isOn === false ? ['balancing'] : []),
    ...(colocate && leader?.isColocateOn === false ? ['balancing of colocation groups'] : []),
  ];
  return [
    'Repair of tablets and backends that leave go on; what is being moved already is moved to its end',
    ...(colocate
      ? [
          'Tables of colocation groups do not leave a backend that is decommissioned or dead meanwhile; colocate: false lets them',
        ]
      : []),
    'Other runs may change the cluster meanwhile. Upgrades, downgrades and rolling restarts wait for its end, since they keep and put back the same settings; so does unregistering the cluster',
    'Cancelling the run puts it back at once',
    ...setByHand.map((what) => `Somebody has switched off ${what} on the leader already: that stays off at the end`),
    ...(others.length === 0
      ? []
      : [`${others.join(', ')} had other values than the leader, and each gets its own back`]),
    ...down.map((label) => `${label} is down: it is set there when it is up again`),
    ...(isSharedData
      ? [
          'Data is shared: the leader does not give the tablets of a dead compute node new places in the background either',
        ]
      : []),
  ];
}

const ask = `Give minutes (1 to ${longestMinutes}), or until as 2027-01-02T14:30Z.`;

function whyNotUntil(until: Date, now: Date): PlanResult | null {
  const ms = until.getTime() - now.getTime();
  if (Number.isNaN(ms)) return refuse('INVALID_INPUT', 'until is no moment that a calendar has', ask, 'until');
  if (ms <= 0) return refuse('INVALID_INPUT', `${inUtc(until)} has passed`, ask, 'until');
  if (ms > longestMinutes * 60_000)
    return refuse('INVALID_INPUT', `${inUtc(until)} is more than a day from now`, ask, 'until');
  return null;
}

function keptAlready({ runNumber, operation, until, isLeftOver }: OpenChange): PlanResult {
  const run = `R-${runNumber} (${operation})`;
  const message = isLeftOver
    ? `${run} has changed the tablet scheduling, has ended, and could not put it back`
    : `${run} holds the tablet scheduling${until === null ? '' : ` until ${inUtc(until)}`}, and puts it back at its end`;
  const hint = isLeftOver
    ? `Retry R-${runNumber}, so that it puts back what it has changed.`
    : `Wait for its end, or cancel R-${runNumber}; ask again after that.`;
  return refuse('PRECONDITION_FAILED', message, hint);
}

function refuse(code: Refusal['code'], message: string, hint: string, field?: string): PlanResult {
  return { refusals: [{ code, message, hint, ...(field === undefined ? {} : { path: ['input', field] }) }] };
}
