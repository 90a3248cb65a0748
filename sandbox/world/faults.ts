import { rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { FaultKind } from '../starrocks/faults.ts';

const kinds = [
  'sql-delay',
  'sql-error',
  'sql-drop-before',
  'sql-drop-after',
  'http-error',
  'disk-full',
  'disk-crowded',
  'clone-fail',
  'clone-delay',
  'snapshot-delay',
  'upload-delay',
  'store-unreachable',
  'decimal-commas',
  'frontend-twice',
  'metric',
  'traffic',
  'slow-queries',
  'heap-crowded',
  'gc-pressure',
  'threads-many',
  'thread-pool-full',
  'safe-mode',
  'checkpoint-stuck',
  'transactions-running',
  'load-fail',
  'kafka-away',
  'kafka-bad-rows',
  'kafka-lag',
  'memory-crowded',
  'cpu-busy',
  'disk-busy',
  'descriptors-used',
  'compaction-behind',
  'queue-full',
  'tablet-error',
  'tablet-inconsistent',
  'heartbeats-lost',
  'http-trickle',
  'http-half',
  'http-huge',
] as const satisfies readonly FaultKind[];

/** What can be asked of the stand-in frontends and backends; they read the file again whenever it changes. */
export const faultRule = z.strictObject({
  kind: z.enum(kinds),
  /** Only the frontend with this address. */
  frontend: z.string().optional(),
  /** Only the backend with this `address:heartbeatPort`. */
  backend: z.string().optional(),
  /** A regular expression on the text of the statement. */
  match: z.string().refine(isPattern, 'is no regular expression').optional(),
  /** How often the rule strikes, counted by each process; for ever when not given. */
  times: z.coerce.number().int().positive().optional(),
  ms: z.coerce.number().nonnegative().optional(),
  bytes: z.coerce.number().nonnegative().optional(),
  code: z.coerce.number().int().optional(),
  sqlState: z.string().length(5).optional(),
  message: z.string().optional(),
  path: z.string().optional(),
  status: z.coerce.number().int().optional(),
  share: z.coerce.number().nonnegative().optional(),
  count: z.coerce.number().int().nonnegative().optional(),
  /** The number that a series of /metrics shows, as text. */
  value: z.string().optional(),
  perSecond: z.coerce.number().nonnegative().optional(),
  refusedShare: z.coerce.number().min(0).max(1).optional(),
  timeoutShare: z.coerce.number().min(0).max(1).optional(),
});

export type FaultInput = z.input<typeof faultRule>;
export type Fault = z.output<typeof faultRule> & { readonly id: string };

export type Faults = {
  /** The file that the nodes read: a JSON array of rules. */
  readonly file: string;
  /** Adds a rule and returns its id. */
  add(rule: FaultInput): Promise<string>;
  remove(id: string): Promise<void>;
  clear(): Promise<void>;
  list(): readonly Fault[];
};

/** Writes the file with no rules in it. */
export async function createFaults(file: string): Promise<Faults> {
  let rules: readonly Fault[] = [];
  let lastNumber = 0;
  let writing = Promise.resolve();

  // Renamed into place, so that no node ever reads half a file; one after the other, so that the last change stays; a failed one is told to whoever asked for it.
  const change = (next: readonly Fault[]) => {
    rules = next;
    writing = writing
      .catch(() => {})
      .then(async () => {
        await writeFile(`${file}.new`, `${JSON.stringify(next, null, 2)}\n`);
        await rename(`${file}.new`, file);
      });
    return writing;
  };

  await change([]);
  return {
    file,
    async add(rule) {
      lastNumber += 1;
      const id = `fault-${lastNumber}`;
      await change([...rules, { ...faultRule.parse(rule), id }]);
      return id;
    },
    async remove(id) {
      if (!rules.some((rule) => rule.id === id)) throw new Error(`there is no fault ${id}`);
      await change(rules.filter((rule) => rule.id !== id));
    },
    clear: () => change([]),
    list: () => rules,
  };
}

/** Checked here, where somebody is told; in a node it would fail every statement. */
function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
