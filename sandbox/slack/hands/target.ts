import { objectsOf, textOf } from '../json.ts';
import { elementsOf, type Placed } from '../workspace/state.ts';
import type { Message, View } from '../workspace/types.ts';
import type { Person } from './person.ts';
import { allBlocks, isVisible } from './seen.ts';

/** A message (by channel and ts) or a view (by id); what the eyes return fits. */
export type TargetRef = { readonly channel: string; readonly ts: string } | { readonly id: string };

export type Find = {
  readonly actionId: string;
  readonly blockId?: string | undefined;
  /** Acts on what has been there before an edit or deletion: a click that was on its way. */
  readonly evenIfGone?: boolean | undefined;
};

/** The message or view as it is now; throws when this person does not see it. */
export function findTarget({ core, user }: Person, ref: TargetRef, { evenIfGone = false } = {}): Message | View {
  if ('ts' in ref) {
    const message = core.workspace.messages.find((each) => each.channel === ref.channel && each.ts === ref.ts);
    if (message !== undefined && (evenIfGone || isVisible(message, user.id))) return message;
    throw new Error(`${user.name} sees no message ${ref.ts} in ${ref.channel}`);
  }
  const view = core.workspace.views.get(ref.id);
  if (view !== undefined && view.user === user.id && (evenIfGone || view.isOpen)) return view;
  throw new Error(`${user.name} has no open view ${ref.id}`);
}

/** The element that stands on the target now; throws and says what stands there instead. */
export function findElement(target: Message | View, { actionId, blockId, evenIfGone = false }: Find): Placed {
  const versions = [currentBlocks(target), ...(evenIfGone && 'ts' in target ? target.history.map(allBlocks) : [])];
  for (const blocks of versions) {
    const found = elementsOf(blocks).filter(
      (each) => each.element.action_id === actionId && (blockId === undefined || each.blockId === blockId),
    );
    if (found.length > 1) throw new Error(`${actionId} stands there ${found.length} times: name the block`);
    if (found[0] !== undefined) return found[0];
  }
  const there = elementsOf(currentBlocks(target)).map((each) => textOf(each.element.action_id));
  throw new Error(`there is no ${actionId} on it now, only ${there.join(', ') || 'nothing to act on'}`);
}

export function currentBlocks(target: Message | View) {
  return 'ts' in target ? allBlocks(target.content) : objectsOf(target.body.blocks);
}
