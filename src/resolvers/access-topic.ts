/**
 * The topic of the notification that a person's tokens or roles changed: open connections of this person then check
 * again.
 */
export function accessTopic(personId: string): string {
  return `access:${personId}`;
}
