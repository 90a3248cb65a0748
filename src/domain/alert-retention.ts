const dayMs = 86_400_000;

/** For how many days an alert is kept after it closed and last changed, with all that was sent about it. */
export const keepClosedDays = 400;
export const keepClosedMs = keepClosedDays * dayMs;

/** For how long a daily message is kept after it was made, in milliseconds. */
export const keepDigestMs = 30 * dayMs;

/** For how long the message about a token or a silence that ends is kept after it was made: both have ended long before. */
export const keepEndingMs = 90 * dayMs;

/** What is said beside that an alert is not there: it may have been there once. */
export const keptInWords = `An alert that ended more than ${keepClosedDays} days ago is no longer kept.`;
