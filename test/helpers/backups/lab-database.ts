import type { Row } from './read-snapshot.ts';

type Sql = { query(text: string): Promise<unknown> };

type LabTable = {
  readonly columns: readonly { readonly name: string; readonly fallback: string | null }[];
  /** Rows with the same key replace each other. */
  readonly merges: boolean;
  /** Upper bounds of the partitions by `day`, by name; empty = not partitioned. */
  readonly partitions: ReadonlyMap<string, number>;
  readonly rows: readonly Row[];
};

/** Tables with their rows, as somebody who made every change knows them. */
export type Rows = ReadonlyMap<string, LabTable>;

/** A database of a cluster, and beside it a copy that only this class keeps: what its tables should hold. */
export class LabDatabase {
  readonly name: string;
  readonly #sql: Sql;
  readonly #tables = new Map<string, LabTable>();

  constructor(sql: Sql, name: string) {
    this.#sql = sql;
    this.name = name;
  }

  /** The copy at this moment; what comes later does not change it. */
  rows(): Rows {
    return new Map(this.#tables);
  }

  async create(): Promise<void> {
    await this.#sql.query(`CREATE DATABASE ${this.name}`);
  }

  /** With columns id, day and value. `days` are the upper bounds of its partitions. */
  async createTable(table: string, { merges = false, days = [] }: { merges?: boolean; days?: readonly number[] } = {}) {
    const partitions = new Map(days.map((day) => [partitionOf(day), day]));
    const list = [...partitions].map(([name, day]) => `PARTITION ${name} VALUES LESS THAN ("${day}")`);
    const ranges = days.length === 0 ? '' : `\nPARTITION BY RANGE(day) (${list.join(', ')})`;
    await this.#run(`CREATE TABLE ${this.#named(table)} (
  id BIGINT NOT NULL,
  day INT NOT NULL,
  value BIGINT
)
${merges ? 'PRIMARY' : 'DUPLICATE'} KEY (${merges && days.length === 0 ? 'id' : 'id, day'})${ranges}
DISTRIBUTED BY HASH(id) BUCKETS 2
PROPERTIES ("replication_num" = "1")`);
    const columns = ['id', 'day', 'value'].map((name) => ({ name, fallback: null }));
    this.#tables.set(table, { columns, merges, partitions, rows: [] });
  }

  async dropTable(table: string): Promise<void> {
    await this.#run(`DROP TABLE ${this.#named(table)} FORCE`);
    this.#tables.delete(table);
  }

  async insert(table: string, rows: readonly (readonly number[])[]): Promise<void> {
    const values = rows.map((row) => `(${row.join(', ')})`);
    const { columns, rows: before, merges } = this.#get(table);
    const names = columns.slice(0, rows[0]?.length ?? 0).map(({ name }) => name);
    await this.#run(`INSERT INTO ${this.#named(table)} (${names.join(', ')}) VALUES ${values.join(', ')}`);
    const added = rows.map((row): Row => columns.map(({ fallback }, at) => row[at]?.toString() ?? fallback));
    this.#set(table, { rows: merges ? mergeById([...before, ...added]) : [...before, ...added] });
  }

  async truncate(table: string): Promise<void> {
    await this.#run(`TRUNCATE TABLE ${this.#named(table)}`);
    this.#set(table, { rows: [] });
  }

  async rename(table: string, to: string): Promise<void> {
    const found = this.#get(table);
    await this.#run(`ALTER TABLE ${this.#named(table)} RENAME ${to}`);
    this.#tables.delete(table);
    this.#tables.set(to, found);
  }

  async swap(table: string, other: string): Promise<void> {
    const [a, b] = [this.#get(table), this.#get(other)];
    await this.#run(`ALTER TABLE ${this.#named(table)} SWAP WITH ${other}`);
    this.#tables.set(table, b);
    this.#tables.set(other, a);
  }

  async addColumn(table: string, name: string, fallback: number): Promise<void> {
    const { columns, rows } = this.#get(table);
    await this.#run(`ALTER TABLE ${this.#named(table)} ADD COLUMN ${name} BIGINT DEFAULT "${fallback}"`);
    this.#set(table, {
      columns: [...columns, { name, fallback: String(fallback) }],
      rows: rows.map((row) => [...row, String(fallback)]),
    });
  }

  async addPartition(table: string, day: number): Promise<void> {
    const { partitions } = this.#get(table);
    await this.#run(`ALTER TABLE ${this.#named(table)} ADD PARTITION ${partitionOf(day)} VALUES LESS THAN ("${day}")`);
    this.#set(table, { partitions: new Map([...partitions, [partitionOf(day), day]]) });
  }

  async dropPartition(table: string, day: number): Promise<void> {
    await this.#run(`ALTER TABLE ${this.#named(table)} DROP PARTITION ${partitionOf(day)}`);
    const { partitions, rows } = this.#get(table);
    const left = [...partitions].filter(([name]) => name !== partitionOf(day));
    this.#set(table, { partitions: new Map(left), rows: rows.filter((row) => !this.#isIn(table, row, day)) });
  }

  /** Loads rows into a temporary partition, and puts it in the place of one that is there. */
  async replacePartition(table: string, day: number, rows: readonly (readonly number[])[]): Promise<void> {
    const named = this.#named(table);
    const values = rows.map((row) => `(${row.join(', ')})`);
    await this.#run(`ALTER TABLE ${named} ADD TEMPORARY PARTITION fresh VALUES LESS THAN ("${day}")`);
    await this.#run(`INSERT INTO ${named} TEMPORARY PARTITION (fresh) VALUES ${values.join(', ')}`);
    await this.#run(`ALTER TABLE ${named} REPLACE PARTITION (${partitionOf(day)}) WITH TEMPORARY PARTITION (fresh)`);
    const { columns, rows: before } = this.#get(table);
    const added = rows.map((row): Row => columns.map(({ fallback }, at) => row[at]?.toString() ?? fallback));
    this.#set(table, { rows: [...before.filter((row) => !this.#isIn(table, row, day)), ...added] });
  }

  #isIn(table: string, row: Row, upper: number): boolean {
    const day = Number(row[1]);
    return day < upper && day >= this.#lowerBound(table, upper);
  }

  #lowerBound(table: string, upper: number): number {
    const below = [...this.#get(table).partitions.values()].filter((bound) => bound < upper);
    return Math.max(Number.MIN_SAFE_INTEGER, ...below);
  }

  #run(text: string): Promise<unknown> {
    return this.#sql.query(text);
  }

  #named(table: string): string {
    return `${this.name}.${table}`;
  }

  #get(table: string): LabTable {
    const found = this.#tables.get(table);
    if (found === undefined) throw new Error(`${this.name} has no table ${table}`);
    return found;
  }

  #set(table: string, changed: Partial<LabTable>): void {
    this.#tables.set(table, { ...this.#get(table), ...changed });
  }
}

function partitionOf(day: number): string {
  return `before_${day}`;
}

function mergeById(rows: readonly Row[]): readonly Row[] {
  return [...new Map(rows.map((row) => [row[0], row])).values()];
}
