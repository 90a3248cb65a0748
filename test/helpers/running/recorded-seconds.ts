/** Seconds that the longest files took on a quiet machine of two cores, rounded: the order for a machine that has run none yet. */
export const recordedSeconds: Readonly<Record<string, number>> = {};
