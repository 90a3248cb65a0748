import type { InputBlock, ModalView } from '@slack/web-api';

export type TextInput = {
  /** The id of the block and of its element. */
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly isLong?: true;
  readonly isOptional?: true;
};

/**
 * A form of a few texts. `value` is what the control carried that opened it; the first text has the focus, unless other blocks stand
 * `above` it.
 */
export function textForm(
  value: string,
  form: {
    readonly id: string;
    readonly title: string;
    readonly submit: string;
    readonly above?: readonly InputBlock[];
    readonly inputs: readonly TextInput[];
  },
): ModalView {
  const { above = [] } = form;
  return {
    type: 'modal',
    callback_id: form.id,
    private_metadata: value,
    title: { type: 'plain_text', text: form.title },
    submit: { type: 'plain_text', text: form.submit },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [...above, ...form.inputs.map((input, at) => block(input, above.length === 0 && at === 0))],
  };
}

function block({ name, label, hint, min, max, isLong, isOptional }: TextInput, isFirst: boolean): InputBlock {
  return {
    type: 'input',
    block_id: name,
    optional: isOptional ?? false,
    label: { type: 'plain_text', text: label },
    element: {
      type: 'plain_text_input',
      action_id: name,
      multiline: isLong ?? false,
      focus_on_load: isFirst,
      min_length: min,
      max_length: max,
    },
    hint: { type: 'plain_text', text: hint },
  };
}
