/** What Slack's names of refusals mean for whoever has to mend them. */
const meanings: Readonly<Record<string, string>> = {
  not_in_channel: 'the bot is not in that channel, invite it',
  channel_not_found: 'there is no such channel for the bot: its id is wrong, or it is private and the bot is not in it',
  is_archived: 'the channel is archived',
  is_inactive: 'the channel is archived',
  user_not_found: 'there is no such account any more',
  user_disabled: 'the account was deactivated',
  cannot_dm_bot: 'the account is one of a bot',
  missing_scope: 'the app lacks a permission, install it anew',
  restricted_action: 'the workspace does not let the bot post there',
};

/** A refusal in words: Slack's own name of it, and what it means where that is known. */
export function refusalInWords(error: string): string {
  const meaning = Object.hasOwn(meanings, error) ? meanings[error] : undefined;
  return meaning === undefined ? error : `${error}: ${meaning}`;
}

/** The place of a message that says that nobody is left to call; one for each such step. */
export function placeOfExhausted(step: number): string {
  return `exhausted:${step}`;
}

/** Whether a place is one of `placeOfExhausted`. */
export function isPlaceOfExhausted(place: string): boolean {
  return place.startsWith('exhausted:');
}

/** Where a message was to go, in words that follow "the message". */
export function placeInWords(place: string): string {
  if (place.startsWith('person:')) return 'to the person directly';
  if (isPlaceOfExhausted(place)) return 'that the escalation is exhausted';
  return place === 'channel' ? 'in the channel of the alert' : `in ${place}`;
}
