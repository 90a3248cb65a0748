import { count } from './words.ts';

/** What a run hid while it worked, and what became of it. */
export type Receipt = {
  /** How many conditions it explained. */
  readonly hidden: number;
  /** How many of them were seen to be over. */
  readonly cleared: number;
  /** Numbers of the alerts about the others that are open now. */
  readonly open: readonly number[];
  /** How many are hidden to this moment, e.g. since the node was stopped on purpose. */
  readonly stillHidden: number;
  /** How many nobody could look at since, or have not held for long enough to be an alert. */
  readonly unknown: number;
};

/** After a run has ended, so long until it says what became of what it hid. */
export const settleMs = 10 * 60_000;

/** "17 alerts hidden while it worked: 15 cleared by themselves, 2 open now (A-91, A-92)." */
export function receiptInWords({ hidden, cleared, open, stillHidden, unknown }: Receipt): string {
  const parts = [
    ...(cleared === 0 ? [] : [`${cleared} cleared by ${cleared === 1 ? 'itself' : 'themselves'}`]),
    ...(open.length === 0 ? [] : [`${open.length} open now (${open.map((number) => `A-${number}`).join(', ')})`]),
    ...(stillHidden === 0 ? [] : [`${stillHidden} still hidden`]),
    ...(unknown === 0 ? [] : [`${unknown} not known: no look could say, or they do not hold for long enough yet`]),
  ];
  return `${count(hidden, 'alert')} hidden while it worked: ${parts.join(', ')}.`;
}
