import { type JsonObject, objectsOf } from '../json.ts';
import { limits } from '../limits.ts';
import type { Settings } from '../settings.ts';
import { SlackError } from '../slack-error.ts';
import { blockList } from './blocks.ts';
import { boolean, byType, inWords, type ObjectRule, object, oneOf, type Problem, problem, string } from './rules.ts';
import { plainText } from './text.ts';

const common = {
  private_metadata: string({ max: limits.view.privateMetadata }),
  callback_id: string({ max: limits.view.callbackId }),
  external_id: string({ max: limits.view.externalId }),
};

const submitWithInputs: ObjectRule = (view, where) => {
  const hasInput = objectsOf(view.blocks).some((block) => block.type === 'input');
  return hasInput && view.submit === undefined ? problem(where, 'missing required field: submit') : [];
};

const anyView = byType({
  modal: object({
    required: {
      type: oneOf('modal'),
      title: plainText({ max: limits.view.title }),
      blocks: blockList(limits.view.blocks),
    },
    optional: {
      ...common,
      submit: plainText({ max: limits.view.submit }),
      close: plainText({ max: limits.view.close }),
      clear_on_close: boolean,
      notify_on_close: boolean,
      submit_disabled: boolean,
    },
    also: [submitWithInputs],
  }),
  home: object({ required: { type: oneOf('home'), blocks: blockList(limits.view.blocks) }, optional: common }),
});

export type ViewCheck = { readonly type: 'modal' | 'home'; readonly settings: Settings };

/** What is wrong with a view of that type. */
export function viewProblems(view: JsonObject, { type, settings }: ViewCheck): readonly Problem[] {
  const where = { pointer: '/view', surface: type, settings } as const;
  const found = anyView(view, where);
  if (found.length > 0 || view.type === type) return found;
  return problem({ ...where, pointer: '/view/type' }, 'must be a valid enum value');
}

/** Throws what `views.*` would answer. */
export function checkView(view: JsonObject, check: ViewCheck): void {
  if (Buffer.byteLength(JSON.stringify(view)) > limits.viewSizeBytes) throw new SlackError('view_too_large');
  const found = viewProblems(view, check);
  if (found.length > 0) throw new SlackError('invalid_arguments', inWords(found));
}
