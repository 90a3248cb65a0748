import { z } from 'zod';
import { startQueryLoop } from '../world/query-loop.ts';
import type { FailedQuery } from '../world/query-tally.ts';
import { expectEqual, rootSql, said, slackOf, type Tour, until } from './parts.ts';
import { type Told, Wrong } from './teller.ts';

const runsShape = z.object({
  runs: z.object({
    nodes: z.array(
      z.object({
        number: z.number(),
        operation: z.string(),
        postCheck: z.object({ checks: z.array(z.object({ name: z.string(), observed: z.string() })) }).nullable(),
      }),
    ),
  }),
});
const runsQuery = '{ runs(first: 5) { nodes { number operation postCheck { checks { name observed } } } } }';

/** A table is dropped by mistake while others are at work, and comes back under its own name. */
export async function bringBackDropped(tour: Tour): Promise<Told> {
  const { world, api, teller } = tour;
  const { database, tables } = world.describe().cluster;
  const [table] = tables;
  if (table === undefined) throw new Wrong('The world has no table');
  const kim = slackOf(world).person('kim');
  const loop = await startQueryLoop(world);
  try {
    await asRoot(tour, `DROP TABLE ${database}.${table.name} FORCE`);
    const line = `/sr restore-dropped demo ${database} --tables ${table.name}`;
    const looked = await kim.slash(`${line} --dry-run`, { channel: '#sr-demo' });
    expectEqual(looked.outcome, 'ok', 'what Kim sees after typing');
    const preview = await kim.waitForMessage({
      channel: '#sr-demo',
      where: (message) => message.isEphemeral && said(message).includes('Check name-free'),
      timeoutMs: 60_000,
    });
    const [free] = said(preview).match(/Check name-free: [^\n]*/) ?? [];
    teller.now('the plan is on the screen; Kim types the line once more');
    const typed = await kim.slash(line, { channel: '#sr-demo' });
    expectEqual(typed.outcome, 'ok', 'what Kim sees after typing');
    const card = await kim.waitForMessage({
      channel: '#sr-demo',
      where: ({ isEphemeral, text, threadTs }) =>
        !isEphemeral && threadTs === null && /restore/i.test(text) && /^(succeeded|failed)/i.test(text),
      timeoutMs: 120_000,
    });
    if (!/^succeeded/i.test(card.text)) throw new Wrong(`The message ended as: ${said(card)}`);
    const [row] = await asRoot(tour, `SELECT COUNT(*) AS n, SUM(amount_cents) AS s FROM ${database}.${table.name}`);
    expectEqual(Number(row?.n), table.rows, `rows of ${table.name}`);
    expectEqual(Number(row?.s), table.amountCents, `sum of ${table.name}`);
    let failing = loop.soFar();
    await until('users to read it again', 15_000, async () => {
      const now = loop.soFar();
      if (now.failed.length > failing.failed.length) failing = now;
      return now.queries >= failing.queries + 20;
    });
    const report = await loop.stop();
    const isOfTable = ({ kind, message }: FailedQuery) =>
      kind === 'read' && (message.includes(table.name) || /RESTORING|Not Found tablet/.test(message));
    const others = report.failed.filter((query) => !isOfTable(query));
    expectEqual(others.length, 0, `failed queries that are not about it, the first "${others[0]?.message}"`);
    if (report.failed.length === 0) throw new Wrong('Nobody missed the table');
    expectEqual(report.rowsFound, report.confirmedRows, 'rows that were confirmed to the users');
    const { runs } = await api.query(runsShape, runsQuery);
    const run = runs.nodes.find(({ operation }) => /restoreDroppedTables/i.test(operation));
    const compared = run?.postCheck?.checks.find(({ name }) => name === `restored ${table.name}`);
    if (run === undefined || compared === undefined) throw new Wrong('The run does not say what it compared');
    return {
      did: `${database}.${table.name} was dropped with FORCE; Kim looked at the plan with --dry-run, and typed ${line}`,
      checked: [
        `the plan said before: ${free}`,
        `R-${run.number} looked at what came back: ${compared.observed}`,
        `by plain SQL: ${row?.n} rows whose amounts add up to ${row?.s}, as before`,
        `${report.failed.length} of ${report.queries} queries of users failed, all of them reads of ${table.name} while it was away`,
        `nobody lost a row elsewhere: ${report.rowsFound} were written meanwhile, and every one is there once`,
      ],
    };
  } finally {
    await loop.stop();
  }
}

async function asRoot({ world }: Tour, statement: string) {
  const sql = await rootSql(world);
  try {
    return await sql.query(statement);
  } finally {
    sql.close();
  }
}
