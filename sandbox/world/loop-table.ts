import type { WorldDescription } from './describe.ts';
import type { Row } from './sql.ts';

/** One row of an answer. */
export type Answer = Row;

/** What the query loop writes and asks. */
export type LoopTable = {
  readonly name: string;
  readonly replicas: number;
  readonly rowsPerBatch: number;
  readonly questions: readonly Question[];
  /** The sum of `amount_cents` over the first so many batches. */
  centsAfter(batches: number): number;
};

type Question = {
  readonly sql: string;
  /** What is wrong with an answer, or null. */
  readonly check: (answer: Answer) => string | null;
};

type TableInput = {
  readonly cluster: WorldDescription['cluster'];
  readonly rowsPerBatch: number;
  /** Makes the table this loop's own: its rows are counted. */
  readonly suffix: string;
};

/** The table of a loop on this cluster; pure. */
export function loopTable({ cluster, rowsPerBatch, suffix }: TableInput): LoopTable {
  const name = `${cluster.database}.query_loop_${suffix}`;
  const seeded = cluster.tables.map((table): Question => {
    const wanted = `${table.rows} rows, ${table.amountCents} cents`;
    return {
      sql: `SELECT count(*) AS n, sum(amount_cents) AS cents FROM ${cluster.database}.${table.name}`,
      check: ({ n, cents }) => {
        const found = `${n} rows, ${cents} cents`;
        return found === wanted ? null : `${table.name} has ${wanted}, the answer was ${found}`;
      },
    };
  });
  const growing: Question = {
    sql: `SELECT count(*) AS n FROM ${name}`,
    check: ({ n }) => (Number(n) % rowsPerBatch === 0 ? null : `${n} rows are not whole batches of ${rowsPerBatch}`),
  };
  return {
    name,
    replicas: Math.min(3, cluster.backends.length),
    rowsPerBatch,
    questions: [...seeded, growing],
    centsAfter: (batches) => sumTo(batches * rowsPerBatch),
  };
}

export function tableText({ name, replicas }: LoopTable): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (
  id BIGINT NOT NULL,
  amount_cents BIGINT NOT NULL
)
PRIMARY KEY (id)
DISTRIBUTED BY HASH(id) BUCKETS 3
PROPERTIES ("replication_num" = "${replicas}")`;
}

/** Row n has the amount n, so that a sum tells which rows are there. */
export function batchInsert({ name, rowsPerBatch }: LoopTable, batch: number): string {
  const rows = Array.from({ length: rowsPerBatch }, (_, index) => batch * rowsPerBatch + index + 1);
  return `INSERT INTO ${name} VALUES ${rows.map((id) => `(${id}, ${id})`).join(', ')}`;
}

export function wholeTable({ name }: LoopTable): string {
  return `SELECT count(*) AS rows_found, sum(amount_cents) AS cents_found FROM ${name}`;
}

function sumTo(count: number): number {
  return (count * (count + 1)) / 2;
}
