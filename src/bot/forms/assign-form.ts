import type { ModalView } from '@slack/web-api';
import { textForm } from './text-form.ts';

/** Asks to whom an alert is given. `value` is what the control carried. */
export function assignForm(value: string): ModalView {
  return textForm(value, {
    ...{ id: 'alert.assign', title: 'Assign the alert', submit: 'Assign' },
    inputs: [
      {
        ...{ name: 'person', label: 'To whom?', min: 1, max: 100 },
        hint: 'The name that /sr whoami shows them, or nobody.',
      },
      {
        ...{ name: 'note', label: 'Note', min: 0, max: 500, isLong: true, isOptional: true },
        hint: 'It stands in the history of the alert.',
      },
    ],
  });
}
