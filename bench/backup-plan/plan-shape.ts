/** The incremental backup of a database, as somebody planned it. */
export type IncrementalPlan = {
  readonly seconds: number;
  /** Of the planning process; on a busy machine the rest is waiting. */
  readonly cpuSeconds: number;
  /** The most memory that the planning process held. */
  readonly peakBytes: number;
  /** What is to be backed up. */
  readonly partitions: readonly { readonly table: string; readonly partition: string }[];
};

/** One text for all partitions of a plan, in one order: two plans of the same incremental give the same. */
export function partitionsText({ partitions }: Pick<IncrementalPlan, 'partitions'>): string {
  return partitions
    .map(({ table, partition }) => `${table}.${partition}`)
    .toSorted()
    .join('\n');
}
