/** The value that this share of the samples does not exceed (nearest rank). `share` lies between 0 and 1. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error('there are no samples');
  return value;
}

/** The middle of the samples. Rounds on a busy machine have outliers, which an average would keep. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Two digits behind the point: more would be noise. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
