import { type Json, objectsOf } from '../json.ts';
import { below, type Problem, type Where } from './rules.ts';

/** `block_id` differs within a message or view, `action_id` within its block. */
export function uniqueIds(blocks: Json, where: Where): readonly Problem[] {
  const all = objectsOf(blocks);
  const ofBlocks = repeated(all.map((block) => block.block_id)).map((index) => ({
    pointer: below(below(where, index), 'block_id').pointer,
    message: `\`block_id\` already exists in the blocks: ${String(all[index]?.block_id)}`,
  }));
  const ofActions = all.flatMap((block, index) => {
    const elements = objectsOf(block.elements);
    return repeated(elements.map((element) => element.action_id)).map((at) => ({
      pointer: `${where.pointer}/${index}/elements/${at}/action_id`,
      message: `\`action_id\` already exists in the block: ${String(elements[at]?.action_id)}`,
    }));
  });
  return [...ofBlocks, ...ofActions];
}

/** Positions of values that stand further in front already; absent ones never repeat. */
function repeated(values: readonly (Json | undefined)[]): number[] {
  return values.flatMap((value, index) => (value !== undefined && values.indexOf(value) < index ? [index] : []));
}
