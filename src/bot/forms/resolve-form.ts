import type { ModalView } from '@slack/web-api';

/** Asks why an alert is over although no look found that. `value` is what the button carried. */
export function resolveForm(value: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'alert.resolve',
    private_metadata: value,
    title: { type: 'plain_text', text: 'Resolve the alert' },
    submit: { type: 'plain_text', text: 'Resolve' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [
      {
        type: 'input',
        block_id: 'note',
        label: { type: 'plain_text', text: 'Why is it over?' },
        element: {
          type: 'plain_text_input',
          action_id: 'note',
          multiline: true,
          focus_on_load: true,
          min_length: 1,
          max_length: 500,
        },
        hint: {
          type: 'plain_text',
          text: 'It stands in its history. If the next look finds that it still holds, it is open again.',
        },
      },
    ],
  };
}
