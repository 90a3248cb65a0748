import type { ModalView } from '@slack/web-api';
import { textForm } from './text-form.ts';

/** Asks for how long an alert is to be silenced, and why. `value` is what the control carried. */
export function silenceForm(value: string): ModalView {
  return textForm(value, {
    ...{ id: 'alert.silence', title: 'Silence the alert', submit: 'Silence' },
    inputs: [
      {
        ...{ name: 'time', label: 'For how long?', min: 2, max: 6 },
        hint: 'Typed like 90m, 2h or 3d: five minutes to thirty days. Only this alert is silenced.',
      },
      {
        ...{ name: 'reason', label: 'Why?', min: 3, max: 200 },
        hint: 'It stands on the message for as long as the alert is silenced.',
      },
    ],
  });
}
