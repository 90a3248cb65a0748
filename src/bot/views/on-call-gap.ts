import { closedGap, type GapStage, type OnCallGap } from '../../domain/on-call-gap.ts';
import { code, context, date, type Message, safe, section } from './text.ts';

/** When a call reaches nobody and why, without a full stop. `of` = of what, with a space before it. */
export function gapInWords({ from, until, why }: OnCallGap, { at, of = '' }: { at: Date; of?: string }): string {
  const when = from <= at ? 'Now' : `From ${date(from, 'day')}`;
  const end = until === null ? '' : ` until ${date(until, 'day')}`;
  return `*${when}${end} a call${of} reaches nobody*: ${safe(why, 200)}`;
}

type ShownGap = {
  readonly rotation: string;
  /** Whether a route still calls it. */
  readonly isUsed: boolean;
  readonly gap: OnCallGap | null;
  readonly stage: GapStage;
  readonly at: Date;
};

/** The same in a sentence, or why nobody need do anything about it any more. */
export function gapSentence({ rotation, isUsed, gap, stage, at }: ShownGap): string {
  const of = ` of the rotation ${code(rotation, 40)}`;
  if (!isUsed) return `No route calls the rotation ${code(rotation, 40)} any more.`;
  if (gap === null || stage === closedGap)
    return `The time in which a call${of} would have reached nobody is closed, or over.`;
  return `${gapInWords(gap, { at, of })}.`;
}

const todo =
  '`overrideOnCall` gives that time to somebody, `setOnCallRotation` changes the turns, and `/sr link` links the Slack account of who has none here.';

/** The message about a time in which nobody is called. `calls` = mentions, which come from links alone. */
export function gapMessage(
  shown: ShownGap,
  { calls, mayRepeat }: { readonly calls: string; readonly mayRepeat: boolean },
): Message {
  const said = `${gapSentence(shown)}${mayRepeat ? ' (may appear twice)' : ''}`;
  if (shown.stage === closedGap) return { text: said, blocks: [section(said)] };
  return {
    text: [calls, said].join(' ').trim(),
    blocks: [section(`⚠️ ${said}\n${todo}`), ...(calls === '' ? [] : [context(calls)])],
  };
}
