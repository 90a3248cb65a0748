import { z } from 'zod';
import type { SqlReader } from '../../../adapters/starrocks/port.ts';
import { showDatabases } from '../../../adapters/starrocks/statements.ts';
import { peoplesDatabases } from '../../../domain/deploy/trial-database.ts';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

/** Databases that somebody has made. Throws when the cluster does not answer: then nobody knows. */
export async function readPeoplesDatabases(sql: SqlReader, signal: AbortSignal): Promise<readonly string[]> {
  const rows = await sql.query(showDatabases(), { signal, timeoutMs: 10_000 });
  return peoplesDatabases(rows.flatMap(({ Database }) => Database ?? []));
}

/** A gate: before a cluster is thrown away whole, it is seen to hold nothing. */
export const checkHoldsNothing = defineStep({
  kind: 'checkHoldsNothing',
  params: z.object({ name: z.string() }),
  about: () => theCluster,
  effect: 'looks',
  ports: ['sql'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name }) => `Look that ${name} holds no database of anybody`,
  check: async ({ name }, { sql }, { signal }) => {
    const databases = await readPeoplesDatabases(sql, signal);
    if (databases.length === 0) return { state: 'done' };
    return { state: 'blocked', ...holdsSomething(name, databases) };
  },
  undo: { nothing: 'It only looks.' },
});

export function holdsSomething(name: string, databases: readonly string[]) {
  return {
    code: 'PRECONDITION_FAILED' as const,
    message: `${name} is not thrown away: it holds ${databases.join(', ')}`,
    hint: 'Drop them first if nobody needs them; or keep the cluster, and retry the run instead.',
  };
}
