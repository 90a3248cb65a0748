import type { Measurement } from '../../src/domain/metrics/measurement.ts';
import { inTransaction } from '../../src/store/database.ts';
import { packLook, writeLook } from '../../src/store/metrics/write-measured.ts';
import type { World } from './fixture.ts';

export type Minutes = Omit<Measurement, 'value'> & {
  /** One value for each minute until now, the last one being now; null = it was not measured. */
  readonly values: readonly (number | null)[];
};

/** Writes looks at a cluster, one a minute until now. */
export async function measure({ ctx }: World, clusterId: string, series: readonly Minutes[]): Promise<void> {
  const count = Math.max(...series.map(({ values }) => values.length));
  const now = Date.now() - 1_000;
  await inTransaction(ctx.db, async (tx) => {
    for (let index = 0; index < count; index += 1) {
      const at = new Date(now - (count - 1 - index) * 60_000);
      const measurements = series.flatMap(({ metric, subject, values }) => {
        const value = values[index] ?? null;
        return value === null ? [] : [{ metric, subject, value }];
      });
      await writeLook(tx, { clusterId, at, look: await packLook({ at, measurements }, {}) });
    }
  });
}

/** The smallest picture: one pixel. */
export const dot = new Uint8Array(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
);
