import type { ModalView } from '@slack/web-api';
import { section } from '../views/text.ts';

/**
 * Asks a person to type the cluster's name before something that is hard to undo. The form must open while the trigger is
 * valid, so it knows the draft's id and nothing else; the preview above it names the cluster.
 */
export function confirmForm(draftId: string): ModalView {
  return {
    type: 'modal',
    callback_id: 'draft.confirm',
    private_metadata: draftId,
    title: { type: 'plain_text', text: 'Are you sure?' },
    submit: { type: 'plain_text', text: 'Start' },
    close: { type: 'plain_text', text: 'Go back' },
    blocks: [
      section('This is hard to undo. The preview says what will be done.'),
      {
        type: 'input',
        block_id: 'name',
        label: { type: 'plain_text', text: 'Type the name of the cluster' },
        element: { type: 'plain_text_input', action_id: 'name', focus_on_load: true, max_length: 64 },
        hint: { type: 'plain_text', text: 'The one that stands above the plan.' },
      },
    ],
  };
}
