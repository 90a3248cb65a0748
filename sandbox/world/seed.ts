import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorldPlan } from './plan.ts';
import type { Sql } from './sql.ts';

export const database = 'sales';
export const repository = 'backups';
const bucket = 'starwarden-backups';

/** What the demo data consists of, so that a restore can be proven without asking the cluster first. */
export type SeededTable = {
  readonly name: string;
  readonly rows: number;
  /** The sum of `amount_cents` over all rows. */
  readonly amountCents: number;
};

type Order = { readonly id: number; readonly customer: number; readonly day: string; readonly amountCents: number };

/** The user Starwarden logs in as, with what it needs for everything it does and no more. */
export async function createSqlUser(sql: Sql, { user, password }: { user: string; password: string }): Promise<void> {
  const role = `${user}_role`;
  for (const statement of [
    `CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`,
    `CREATE ROLE ${role}`,
    `GRANT OPERATE, REPOSITORY ON SYSTEM TO ROLE ${role}`,
    `GRANT CREATE DATABASE ON CATALOG default_catalog TO ROLE ${role}`,
    `GRANT CREATE TABLE, DROP ON ALL DATABASES TO ROLE ${role}`,
    `GRANT SELECT, EXPORT, INSERT, ALTER, DROP ON ALL TABLES IN ALL DATABASES TO ROLE ${role}`,
    // NODE cannot be granted, only the built-in role has it.
    `GRANT ${role}, cluster_admin TO USER '${user}'@'%'`,
    `ALTER USER '${user}'@'%' DEFAULT ROLE ${role}, cluster_admin`,
  ]) {
    await sql.query(statement);
  }
}

/** A database with rows that can be counted and summed. */
export async function createDemoData(sql: Sql, { replicas }: { replicas: number }): Promise<SeededTable[]> {
  const orders = makeOrders(240);
  const items = orders.flatMap((order) => itemsOf(order));
  const placement = (column: string) =>
    `DISTRIBUTED BY HASH(${column}) BUCKETS 3\nPROPERTIES ("replication_num" = "${replicas}")`;
  await sql.query(`CREATE DATABASE ${database}`);
  await Promise.all([
    sql.query(`CREATE TABLE ${database}.orders (
  order_id BIGINT NOT NULL,
  customer_id INT NOT NULL,
  ordered_on DATE NOT NULL,
  amount_cents BIGINT NOT NULL
)
PRIMARY KEY (order_id)
${placement('order_id')}`),
    sql.query(`CREATE TABLE ${database}.order_items (
  order_id BIGINT NOT NULL,
  line INT NOT NULL,
  product VARCHAR(64) NOT NULL,
  amount_cents BIGINT NOT NULL
)
DUPLICATE KEY (order_id, line)
${placement('order_id')}`),
  ]);
  const orderRows = orders.map((order) => `(${order.id}, ${order.customer}, '${order.day}', ${order.amountCents})`);
  const itemRows = items.map((item) => `(${item.id}, ${item.line}, '${item.product}', ${item.amountCents})`);
  await sql.query(`INSERT INTO ${database}.orders VALUES ${orderRows.join(', ')}`);
  await sql.query(`INSERT INTO ${database}.order_items VALUES ${itemRows.join(', ')}`);
  return [
    { name: 'orders', rows: orders.length, amountCents: sumOf(orders) },
    { name: 'order_items', rows: items.length, amountCents: sumOf(items) },
  ];
}

/** A bucket in the stand-in's object store, and a repository in it. */
export async function createRepository(sql: Sql, plan: WorldPlan): Promise<string> {
  const location = `s3://${bucket}/demo`;
  await mkdir(join(plan.files.objectStore, bucket), { recursive: true });
  await sql.query(`CREATE REPOSITORY ${repository}
WITH BROKER
ON LOCATION "${location}"
PROPERTIES (
  "aws.s3.access_key" = "sandbox",
  "aws.s3.secret_key" = "sandbox",
  "aws.s3.endpoint" = "http://object-store.sandbox:9000",
  "aws.s3.enable_path_style_access" = "true"
)`);
  return location;
}

function makeOrders(count: number): Order[] {
  return Array.from({ length: count }, (_, index) => ({
    id: 1001 + index,
    customer: 1 + ((index * 7) % 40),
    day: new Date(Date.UTC(2025, 0, 1 + (index % 150))).toISOString().slice(0, 10),
    amountCents: 500 + ((index * 1237) % 25_000),
  }));
}

const products = ['kettle', 'lamp', 'notebook', 'umbrella', 'bicycle bell'] as const;

/** An order is split into one to three lines that add up to it. */
function itemsOf(order: Order) {
  const lines = 1 + (order.id % 3);
  const share = Math.floor(order.amountCents / lines);
  return Array.from({ length: lines }, (_, index) => ({
    id: order.id,
    line: index + 1,
    product: products[(order.id + index) % products.length],
    amountCents: index === 0 ? order.amountCents - share * (lines - 1) : share,
  }));
}

function sumOf(rows: readonly { readonly amountCents: number }[]): number {
  return rows.reduce((sum, row) => sum + row.amountCents, 0);
}
