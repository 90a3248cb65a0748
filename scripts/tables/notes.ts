/** What the name of a table or column does not say; stands above it in src/store/generated/tables.ts. */
export const notes: Readonly<Record<string, string>> = {
  'alert.open_fingerprint':
    'The fingerprint while the alert is not closed, else null: a unique key keeps two from being open.',
  'alert.signal_state': 'Not `signal`: that is a reserved word.',
  'probe.at': 'When the last look ended; null = there was none yet.',
  'probe.due_at': 'When the next look is due.',
  'probe.fence': "Grows with every claim, as the fence of a run's lease does.",
  'run.before_undo': 'How the run had ended, or rested, when its undo was asked for; null once the undo has begun.',
  'run.outcome': 'What the run will end as, once its temporary changes are put back; null while that is open.',
  'run.undo_gone': 'Why it cannot be undone any more, whatever its steps say; null = nothing is known against it.',
  'run_step.about_id': 'Null = its parameters name whom it is about by no id, or it is the cluster of the run.',
  'run_step.lane': 'JSON of the lane; null = the step stands alone.',
  'run_step.repeat_allowed': 'A person said that it may be sent again although a crash left it open.',
  'run_step.undo_of': 'The step this one takes back.',
  'secret.content': 'Name of the environment variable, path of the file, or the sealed text.',
  slack_card: 'The one message about a run or an alert.',
  'slack_card.checked_at': 'When the content was last compared with the subject.',
  'slack_card.may_repeat': 'A former attempt may have arrived although nobody could find it.',
  'slack_card.plain': 'Slack refused the blocks: plain text until the content changes.',
  'slack_card.shown_revision': 'Revision of the subject that the message shows.',
  slack_draft:
    'An operation that was shown as a preview and waits for its Start button. Has the id of the request that made it.',
  'slack_draft.line': 'The line that was typed, for asking again.',
  slack_line: 'One reply in the thread of a card.',
  slack_link_code: 'One-time codes; only their hash is kept.',
  slack_request: 'Every request that may have an effect, once: a repeated `trigger_id` does not get in.',
};
