import { isObject, type Json, type JsonObject, objectsOf } from '../json.ts';
import { limits } from '../limits.ts';
import type { Settings } from '../settings.ts';
import { SlackError } from '../slack-error.ts';
import type { Content } from '../workspace/types.ts';
import { attachment } from './attachments.ts';
import { blockList } from './blocks.ts';
import { inWords, list, type Where } from './rules.ts';
import { textSum } from './text-sum.ts';

export type Draft = {
  readonly text: string | null;
  readonly markdownText?: string | null;
  readonly blocks: readonly JsonObject[] | null;
  readonly attachments: readonly JsonObject[] | null;
  readonly metadata: JsonObject | null;
};

export type Checked = { readonly content: Content; readonly warnings: readonly string[] };

/** Turns what an app sends into what a message holds, or throws Slack's error. The order of checks is the order in which
 * Slack is known to answer: shape first, then emptiness, then size. */
export function checkMessage(
  draft: Draft,
  options: { readonly settings: Settings; readonly isUpdate: boolean },
): Checked {
  const { settings, isUpdate } = options;
  checkMarkdown(draft);
  const blocks = draft.markdownText ? [{ type: 'markdown', text: draft.markdownText }] : (draft.blocks ?? []);
  const attachments = draft.attachments ?? [];
  checkShape(blocks, attachments, settings);
  const text = draft.text ?? '';
  const rich = blocks.length + attachments.length > 0;
  if (text === '' && !rich) throw new SlackError('no_text');
  checkSums(blocks, attachments, settings);
  checkMetadata(draft.metadata);

  if (isUpdate && text.length > limits.message.updateText) throw new SlackError('msg_too_long');
  if (settings.strict && text.length > limits.message.advisedText) {
    throw new SlackError('msg_too_long', [`must be less than ${limits.message.advisedText + 1} characters (strict)`]);
  }
  if (settings.strict && text === '' && draft.markdownText == null) {
    throw new SlackError('no_text', ['text is what notifications and screen readers use (strict)']);
  }
  const cut = text.length > limits.message.text;
  return {
    content: { text: cut ? text.slice(0, limits.message.text) : text, blocks, attachments, metadata: draft.metadata },
    warnings: [...(cut ? ['message_truncated'] : []), ...(text === '' ? ['missing_text_in_message'] : [])],
  };
}

function checkMarkdown(draft: Draft): void {
  if (draft.markdownText == null) return;
  if (draft.text !== null || draft.blocks !== null) throw new SlackError('markdown_text_conflict');
  if (draft.markdownText.length > limits.message.markdown) throw new SlackError('msg_too_long');
}

function checkShape(blocks: readonly JsonObject[], attachments: readonly JsonObject[], settings: Settings): void {
  if (attachments.length > limits.message.attachments) throw new SlackError('too_many_attachments');
  const where: Where = { pointer: '/blocks', surface: 'message', settings };
  const found = [
    ...blockList(limits.message.blocks)(blocks, where),
    ...list(attachment)(attachments, { ...where, pointer: '/attachments' }),
  ];
  if (found.length > 0) throw new SlackError('invalid_blocks', inWords(found));
}

function checkSums(blocks: readonly JsonObject[], attachments: readonly JsonObject[], settings: Settings): void {
  const markdown = blocks.filter((block) => block.type === 'markdown');
  if (textSum(markdown) > limits.message.markdown) throw new SlackError('msg_blocks_too_long');
  if (textSum(blocks.filter((block) => block.type !== 'markdown')) > settings.blockTextSum) {
    throw new SlackError('msg_blocks_too_long');
  }
  if (attachments.some((each) => textSum(objectsOf(each.blocks)) > settings.blockTextSum)) {
    throw new SlackError('attachment_payload_limit_exceeded');
  }
}

function checkMetadata(metadata: Json): void {
  if (metadata === null) return;
  if (!isObject(metadata)) throw new SlackError('invalid_metadata_format');
  const known = ['event_type', 'event_payload', 'entities'];
  if (Object.keys(metadata).some((key) => !known.includes(key))) throw new SlackError('invalid_metadata_schema');
  if (typeof metadata.event_type !== 'string' || !isObject(metadata.event_payload)) {
    throw new SlackError('invalid_metadata_schema');
  }
}
