import type { ModalView } from '@slack/web-api';
import { textForm } from './text-form.ts';

/** Asks why the next people are called for an alert. `value` is what the control carried. */
export function escalateForm(value: string): ModalView {
  return textForm(value, {
    ...{ id: 'alert.escalate', title: 'Escalate the alert', submit: 'Call them' },
    inputs: [
      {
        ...{ name: 'reason', label: 'Why now?', min: 3, max: 500, isLong: true },
        hint: 'Those whom the next step of the escalation names are called at once, and read it.',
      },
    ],
  });
}
