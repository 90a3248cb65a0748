import type { OpenChange } from '../open-change.ts';
import { inUtc } from '../utc.ts';

/** The setting of temporary changes by which the leader moves tablets less, or not at all. */
export const tabletScheduling = 'tablet-scheduling';

/** What the leader does of itself to even out the tablets; other frontends have values of their own up to 3.4. */
export const balanceKeys = {
  /** No tablet is chosen to be moved from a full backend, or path, to an emptier one. */
  balance: 'tablet_sched_disable_balance',
  /** No bucket of a colocation group gets a new place, also not to leave a backend that is dead or decommissioned. */
  colocate: 'tablet_sched_disable_colocate_balance',
} as const;

/** A frontend and its own values. */
export type FrontendBalancing = {
  readonly label: string;
  readonly isLeader: boolean;
  readonly isAlive: boolean;
  /** Whether tablets are evened out when it leads; null = it did not say, or is not alive. */
  readonly isOn: boolean | null;
  /** The same of colocation groups. */
  readonly isColocateOn: boolean | null;
};

export type Balancing = {
  /** As the leader has it; null = not known. */
  readonly isOn: boolean | null;
  readonly isColocateOn: boolean | null;
  /** The run of ours that keeps it as it is; null = none does. */
  readonly keptBy: OpenChange | null;
};

/** `changes`: those of tablet scheduling that are open. */
export function judgeBalancing(frontends: readonly FrontendBalancing[], changes: readonly OpenChange[]): Balancing {
  const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
  return {
    isOn: leader?.isOn ?? null,
    isColocateOn: leader?.isColocateOn ?? null,
    // A run that goes on knows better than what one before it has left.
    keptBy: changes.find(({ isLeftOver }) => !isLeftOver) ?? changes[0] ?? null,
  };
}

/** Whether tablets are balanced, until when not, and by whom: a sentence without a full stop. */
export function balancingInWords({ isOn, isColocateOn, keptBy }: Balancing): string {
  if (isOn === null) return 'Whether tablets are balanced is not known';
  const onlyColocate = isOn && isColocateOn === false;
  if (isOn && !onlyColocate) return 'Balancing of tablets is on';
  const what = onlyColocate
    ? 'Balancing of colocation groups is off'
    : `Balancing of tablets is off${isColocateOn === true ? ', that of colocation groups is on' : ''}`;
  if (keptBy === null) return `${what}, and no run of Starwarden did that: somebody has set it`;
  const { runNumber, operation, until, isLeftOver } = keptBy;
  if (isLeftOver) return `${what}: R-${runNumber} (${operation}) has ended and could not put it back; retry it`;
  return until === null
    ? `${what} until R-${runNumber} (${operation}) ends`
    : `${what} until ${inUtc(until)}, by R-${runNumber}`;
}

/** Frontends that would balance otherwise than the leader if they led, which people who set a value do not expect. */
export function otherThanLeader(frontends: readonly FrontendBalancing[]): readonly string[] {
  const leader = frontends.find(({ isLeader, isAlive }) => isLeader && isAlive);
  if (leader === undefined) return [];
  const isOther = ({ isOn, isColocateOn }: FrontendBalancing) =>
    (isOn !== null && isOn !== leader.isOn) || (isColocateOn !== null && isColocateOn !== leader.isColocateOn);
  return frontends.filter(isOther).map(({ label }) => label);
}
