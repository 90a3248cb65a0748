import type { ModalView } from '@slack/web-api';
import { textForm } from './text-form.ts';

/** Asks why an alert is over although no look found that. `value` is what the control carried. */
export function resolveForm(value: string): ModalView {
  return textForm(value, {
    ...{ id: 'alert.resolve', title: 'Resolve the alert', submit: 'Resolve' },
    inputs: [
      {
        ...{ name: 'note', label: 'Why is it over?', min: 1, max: 500, isLong: true },
        hint: 'It stands in its history. If the next look finds that it still holds, it is open again.',
      },
    ],
  });
}
