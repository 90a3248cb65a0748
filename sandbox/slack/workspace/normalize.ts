import { type JsonObject, objectsOf } from '../json.ts';
import type { Ids } from './ids.ts';
import type { Content } from './types.ts';

/** Fills in what Slack fills in: ids for blocks and elements that have none, numbers for attachments. */
export function normalizeContent(content: Content, ids: Ids): Content {
  return {
    ...content,
    blocks: normalizeBlocks(content.blocks, ids),
    attachments: content.attachments.map((attachment, index) => ({
      ...attachment,
      id: index + 1,
      fallback: attachment.fallback ?? '[no preview available]',
      ...(typeof attachment.color === 'string' ? { color: attachment.color.replace(/^#/, '') } : {}),
      ...(attachment.blocks === undefined ? {} : { blocks: normalizeBlocks(objectsOf(attachment.blocks), ids) }),
    })),
  };
}

export function normalizeBlocks(blocks: readonly JsonObject[], ids: Ids): JsonObject[] {
  return blocks.map((block) => ({
    ...block,
    block_id: block.block_id ?? ids.next('b'),
    ...(Array.isArray(block.elements) && (block.type === 'actions' || block.type === 'context_actions')
      ? { elements: objectsOf(block.elements).map((element) => withActionId(element, ids)) }
      : {}),
    ...(block.accessory === undefined ? {} : { accessory: withActionId(objectsOf([block.accessory])[0] ?? {}, ids) }),
    ...(block.element === undefined ? {} : { element: withActionId(objectsOf([block.element])[0] ?? {}, ids) }),
  }));
}

function withActionId(element: JsonObject, ids: Ids): JsonObject {
  return element.type === 'image' ? element : { ...element, action_id: element.action_id ?? ids.next('a') };
}
