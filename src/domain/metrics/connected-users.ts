import type { Measurement } from './measurement.ts';

/**
 * The users who were connected at a look, those with most connections first: whose limits are worth asking. Names that only
 * failed to log in have no connection.
 */
export function connectedUsers(measurements: readonly Measurement[]): readonly string[] {
  return measurements
    .filter(({ metric, value }) => metric === 'user_connections' && value > 0)
    .toSorted((a, b) => b.value - a.value)
    .flatMap(({ subject: { user } }) => user ?? []);
}
