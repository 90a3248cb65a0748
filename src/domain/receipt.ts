import { isTerminal, type Run } from './run.ts';
import { inUtc } from './utc.ts';
import { count } from './words.ts';

/** What a run hid while it worked, and what became of it. */
export type Receipt = {
  /** How many conditions it explained. */
  readonly hidden: number;
  /** How many of them were seen to be over. */
  readonly cleared: number;
  /** The alerts about the others that are open now and that the reader may see, by number. */
  readonly open: readonly { readonly id: string; readonly number: number }[];
  /** How many more are open that the reader may not see: the cluster had another environment label then. */
  readonly openUnseen: number;
  /** How many are hidden to this moment, e.g. since the node was stopped on purpose. */
  readonly stillHidden: number;
  /** How many nobody could look at since, or have not held for long enough to be an alert. */
  readonly unknown: number;
};

/** After a run has ended, so long until it says what became of what it hid. */
export const settleMs = 10 * 60_000;

/** So long after the end of a run it can be asked what it hid. */
export const receiptKeptMs = 30 * 86_400_000;

type Ended = Pick<Run, 'state' | 'finishedAt'>;

/** Pure. From when on the receipt of a run counts as settled; null = the run goes on. */
export function settledAt({ state, finishedAt }: Ended): Date | null {
  return isTerminal(state) && finishedAt !== null ? new Date(finishedAt.getTime() + settleMs) : null;
}

/** Pure. Whether the time is over in which what a run hid may still clear by itself. */
export function isSettled(run: Ended, now: Date): boolean {
  const at = settledAt(run);
  return at !== null && now >= at;
}

/** Pure. Whether all that a run hid is still written down. */
export function isReceiptKept({ state, finishedAt }: Ended, now: Date): boolean {
  if (!isTerminal(state) || finishedAt === null) return true;
  return now.getTime() - finishedAt.getTime() < receiptKeptMs;
}

const mostNamed = 20;

/** "17 alerts hidden while it worked: 15 cleared by themselves, 2 open now ." */
export function receiptInWords({ hidden, cleared, open, openUnseen, stillHidden, unknown }: Receipt): string {
  const parts = [
    ...(cleared === 0 ? [] : [`${cleared} cleared by ${cleared === 1 ? 'itself' : 'themselves'}`]),
    ...(open.length + openUnseen === 0 ? [] : [openInWords(open, openUnseen)]),
    ...(stillHidden === 0 ? [] : [`${stillHidden} still hidden`]),
    ...(unknown === 0 ? [] : [`${unknown} not known: no look could say, or they do not hold for long enough yet`]),
  ];
  return `${count(hidden, 'alert')} hidden while it worked: ${parts.join(', ')}.`;
}

function openInWords(open: Receipt['open'], openUnseen: number): string {
  const more = open.length - mostNamed;
  const named = [
    ...open.slice(0, mostNamed).map(({ number }) => `A-${number}`),
    ...(more > 0 ? [`${more} more`] : []),
    ...(openUnseen === 0 ? [] : [`${openUnseen} that you may not see`]),
  ];
  return `${open.length + openUnseen} open now (${named.join(', ')})`;
}

/** Pure. The same for whoever asks at this moment: while it may still change, it says so. */
export function receiptNow(receipt: Receipt, run: Ended, now: Date): string {
  const at = settledAt(run);
  if (at === null) return `${receiptInWords(receipt)} Not final: the run goes on.`;
  return isSettled(run, now) ? receiptInWords(receipt) : `${receiptInWords(receipt)} Not final until ${inUtc(at)}.`;
}
