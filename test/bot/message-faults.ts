import { type Message, textLength } from '../../src/bot/views/text.ts';
import { textsOf } from './shown.ts';

/** What Slack reads as more than text; anything else in pointed brackets would be shown as a link that leads nowhere. */
const live = /^<(!date\^|@[UW]|!subteam\^S|#C|https?:)/;
const singular = /(?<![\d.,:-])1 (alerts|clusters|nodes|times|rules|steps|checks|silences|tokens|runs|hours|minutes)\b/;

/** Slack has taken so many in all blocks of a message, and is known to refuse 11,341. */
const mostCharacters = 9_597;

/** What is wrong with a message whatever it is about, as sentences; see also what the stand-in for Slack refuses. */
export function faultsOf(message: Message): readonly string[] {
  const { text, ...shown } = message;
  const texts = [text, ...textsOf(shown)];
  const marked = [text, ...allOf(shown).flatMap((part) => (part.type === 'mrkdwn' ? [String(part.text)] : []))];
  const buttons = allOf(shown).filter(({ type }) => type === 'button');
  const labels = buttons.map((button) => button.accessibility_label);
  const pictures = allOf(shown).filter(({ type }) => type === 'image');
  return [
    ...marked
      .flatMap((said) => (said.match(/<[^>]*>?/g) ?? []).filter((each) => !live.test(each)))
      .map((each) => `${each} is no text`),
    ...texts.filter((said) => /\b(undefined|NaN)\b|\[object |Invalid Date/.test(said)).map((said) => `says ${said}`),
    ...texts.flatMap((said) => singular.exec(said)?.[0] ?? []).map((said) => `says ${said}`),
    ...labels.filter((label) => label === undefined || label === '').map(() => 'a button has no label'),
    ...(new Set(labels).size < labels.length ? [`two buttons have one label: ${labels.join('; ').slice(0, 200)}`] : []),
    ...pictures.filter(({ alt_text: alt }) => alt === undefined || alt === '').map(() => 'a picture says nothing'),
    ...(textLength(shown.blocks ?? shown.attachments ?? []) > mostCharacters
      ? [`it shows ${textLength(shown.blocks ?? shown.attachments ?? [])} characters`]
      : []),
  ];
}

type Part = Readonly<Record<string, unknown>>;

/** Each object in it. */
function allOf(part: unknown): readonly Part[] {
  if (Array.isArray(part)) return part.flatMap(allOf);
  if (!isPart(part)) return [];
  return [part, ...Object.values(part).flatMap(allOf)];
}

function isPart(part: unknown): part is Part {
  return typeof part === 'object' && part !== null;
}
