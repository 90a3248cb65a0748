import type { ModalView } from '@slack/web-api';

/** Asks why somebody denies a run. `value` is what the button carried. */
export function rejectForm(value: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'run.deny',
    private_metadata: value,
    title: { type: 'plain_text', text: 'Deny the run' },
    submit: { type: 'plain_text', text: 'Deny' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: { type: 'plain_text', text: 'Why?' },
        element: {
          type: 'plain_text_input',
          action_id: 'reason',
          multiline: true,
          focus_on_load: true,
          min_length: 5,
          max_length: 500,
        },
        hint: { type: 'plain_text', text: 'The person who asked reads it on the card.' },
      },
    ],
  };
}
