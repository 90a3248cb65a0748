import type { Message } from '../../src/bot/views/text.ts';

/** Everything in a part of a message that people read: its texts and labels, and no values of buttons. */
export function textsOf(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(textsOf);
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    typeof value === 'string' && read.includes(key) ? [value] : textsOf(value),
  );
}

const read = ['text', 'accessibility_label', 'fallback', 'alt_text', 'title'];

/** The texts of its blocks, those of its attachments included, without the text for notifications. */
export function blocksOf({ blocks = [], attachments = [] }: Message): string[] {
  return textsOf([...blocks, ...attachments.map((each) => each.blocks ?? [])]);
}

export function linesOf(message: Message): string[] {
  return blocksOf(message).flatMap((text) => text.split('\n'));
}
