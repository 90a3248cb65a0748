import type { InputBlock, ModalView } from '@slack/web-api';
import { textForm } from './text-form.ts';

/** Slack offers its own people, so that nobody has to know how Starwarden writes a name. */
const person: InputBlock = {
  type: 'input',
  block_id: 'person',
  label: { type: 'plain_text', text: 'To whom?' },
  element: { type: 'users_select', action_id: 'person', focus_on_load: true },
  hint: {
    type: 'plain_text',
    text: 'Somebody who has linked this account (/sr link). /sr assign A-… takes a name too, and nobody.',
  },
};

/** Asks to whom an alert is given. `value` is what the control carried. */
export function assignForm(value: string): ModalView {
  return textForm(value, {
    ...{ id: 'alert.assign', title: 'Assign the alert', submit: 'Assign' },
    above: [person],
    inputs: [
      {
        ...{ name: 'note', label: 'Note', min: 0, max: 500, isLong: true, isOptional: true },
        hint: 'It stands in the history of the alert.',
      },
    ],
  });
}
