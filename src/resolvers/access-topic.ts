/** What is told through the doorbell when a person's tokens or roles changed: whoever keeps a connection of theirs looks again. */
export function accessTopic(personId: string): string {
  return `access:${personId}`;
}
