import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { setBackendLocation } from '../../../adapters/starrocks/statements.ts';
import type { StepSpec } from '../../../domain/plan.ts';
import { defineStep } from '../../../steps/define.ts';

const params = z.object({
  /** Null = it is new, and has no id yet. */
  nodeId: z.string().nullable(),
  label: z.string(),
  host: z.string(),
  port: z.number(),
  /** Null = none. */
  before: z.string().nullable(),
  location: z.string().nullable(),
});

/** One backend, whose row is looked at afterwards: the statement's answer says nothing. */
export const labelBackend = defineStep({
  kind: 'labelBackend',
  params,
  about: ({ nodeId, label }) => ({ kind: 'node', id: nodeId, label }),
  effect: 'changes',
  ports: ['sql'],
  timeoutMs: 120_000,
  settleMs: 15_000,
  repeat: 'safe', // the same label twice is the same label
  describe: ({ label, before, location }) =>
    location === null
      ? `Take the location of ${label} away${before === null ? '' : ` (${before})`}`
      : `Say that ${label} stands in ${location}${before === null ? '' : `, not in ${before}`}`,
  check: async ({ label, host, port, before, location }, { sql }, { signal }) => {
    const found = await readLocation(sql, { host, port }, signal);
    if (found === undefined) {
      return {
        state: 'blocked',
        code: 'NOT_FOUND',
        message: `${label} is in the cluster no more`,
        hint: 'Refresh the cluster, then look at its backends.',
      };
    }
    if (found === location) return { state: 'done', facts: { location } };
    if (found === before) return { state: 'todo' };
    return {
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: `${label} stands in ${found ?? 'no place'} now, not in ${before ?? 'none'} as it did: somebody else has changed it`,
      hint: 'Find out who works on it, then ask for the location again.',
    };
  },
  apply: async ({ host, port, location }, { sql }, { signal }) => {
    await sql.query(setBackendLocation({ host, port, location }), { signal, route: 'leader', timeoutMs: 60_000 });
    return (await readLocation(sql, { host, port }, signal)) === location
      ? { state: 'done', facts: { location } }
      : undefined;
  },
  undo: {
    steps: (given): readonly StepSpec[] => [
      labelBackend.with({ ...given, before: given.location, location: given.before }),
    ],
  },
});

/** Null = it has none; undefined = there is no such backend. */
async function readLocation(
  sql: SqlReader,
  { host, port }: { host: string; port: number },
  signal: AbortSignal,
): Promise<string | null | undefined> {
  const { backends } = await readTopology(sql, { signal, route: 'leader' }, { waitMs: 0 });
  return backends.find((row) => row.host === host && row.heartbeatPort === port)?.location;
}
