import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldPacket } from 'mysql2/promise';
import { type Client, describeFailure } from '../sandbox/starrocks/helpers/client.ts';
import type { TestCluster } from '../sandbox/starrocks/helpers/cluster.ts';
import { formatsOf, plainText } from './shape.ts';

/** One statement and what the real frontend answered; `columns` and `error` are null for a plain OK. */
export type Recorded = Answer & { readonly statement: string; readonly as: string };
/** What can be compared of an answer: names, the form of the cells, and errors without addresses, ids and times. */
export type Answer = {
  readonly columns: readonly string[] | null;
  readonly formats: readonly (readonly string[])[];
  readonly error: { readonly errno: number; readonly sqlState: string; readonly message: string } | null;
};

export function readRecorded(file: string): Recorded[] {
  const text = readFileSync(join(import.meta.dirname, 'recorded', file), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The kinds of users of the recordings, each with its one connection. */
const users: Record<string, { role?: string; privilege?: string }> = {
  plain: {},
  ops: { privilege: 'OPERATE' },
  repo: { privilege: 'REPOSITORY' },
  nodeadm: { role: 'cluster_admin' },
  uadm: { role: 'user_admin' },
  dbadm: { role: 'db_admin' },
};

export type Replay = {
  send(recorded: Pick<Recorded, 'statement' | 'as'>): Promise<Answer>;
  root: Client;
};

/** Sends recorded statements to the stand-in: addresses of the recording become those of the cluster, and back. */
export async function createReplay(cluster: TestCluster): Promise<Replay> {
  const root = await cluster.connect();
  const clients = new Map<string, Client>([['root', root]]);
  for (const [user, { role, privilege }] of Object.entries(users)) {
    await root.query(`CREATE USER ${user} IDENTIFIED BY 'pw'${role === undefined ? '' : ` DEFAULT ROLE ${role}`}`);
    if (privilege !== undefined) await root.query(`GRANT ${privilege} ON SYSTEM TO USER ${user}`);
    clients.set(user, await cluster.connect(undefined, { user, password: 'pw' }));
  }
  for (const db of ['sales', 'shop']) {
    await root.query(`CREATE DATABASE ${db}`);
    for (const table of ['orders', 'order_items']) {
      await root.query(
        `CREATE TABLE ${db}.${table} (order_id BIGINT, line INT, amount_cents BIGINT) ` +
          'DISTRIBUTED BY HASH(order_id) BUCKETS 3 PROPERTIES ("replication_num" = "3")',
      );
    }
  }
  const places = [...placesOf(cluster), ...(await idsOf(root))];
  return {
    root,
    async send({ statement, as }) {
      const client = clients.get(as);
      if (client === undefined) throw new Error(`no user of kind ${as}`);
      const text = places.reduce((sql, { recorded, here }) => sql.replaceAll(recorded, here), statement);
      const back = (said: string) =>
        places.reduceRight((sql, { recorded, here }) => sql.replaceAll(here, recorded), said);
      try {
        const [rows, fields]: [unknown, FieldPacket[]] = await client.raw.query({ sql: text, rowsAsArray: true });
        const isRows = Array.isArray(rows);
        const columns = isRows ? fields.map(({ name }) => name) : null;
        return { columns, formats: isRows ? formatsOf(fields.length, rows) : [], error: null };
      } catch (error) {
        const { code: errno, sqlState, message } = describeFailure(error);
        return { columns: null, formats: [], error: { errno, sqlState, message: plainText(back(message)) } };
      }
    },
  };
}

type Place = { readonly recorded: string; readonly here: string };

/** The ids that stand in paths of SHOW PROC and in statements about one tablet. */
async function idsOf(root: Client): Promise<Place[]> {
  const first = async (sql: string) => (await root.query(sql))[0] ?? {};
  const tablet = (await first('SHOW TABLET FROM sales.orders')).TabletId;
  const ids = await first(`SHOW TABLET ${tablet}`);
  const pairs: [string, unknown][] = [
    ['18040', ids.DbId],
    ['18075', ids.TableId],
    ['18077', ids.PartitionId],
    ['18076', ids.IndexId],
    ['18078', tablet],
    ['18459', (await first('SHOW TABLET FROM shop.orders')).TabletId],
    ['10509', (await first('SHOW BACKENDS')).BackendId],
  ];
  return pairs.map(([recorded, here]) => ({ recorded, here: String(here) }));
}

/** 192.0.2.3 led, .1 and .2 followed, .21 to .23 were backends; addresses of nobody keep their last number. */
function placesOf({ frontends, backends }: TestCluster): Place[] {
  const block = frontends[0]?.address.replace(/\.\d+$/, '') ?? '';
  const known = backends.map(({ address }, at) => ({ recorded: `192.0.2.${21 + at}`, here: address }));
  const others = [29, 30, 31, 25, 24, 9, 5, 4, 2].map((last) => ({
    recorded: `192.0.2.${last}`,
    here: `${block}.${200 + last}`,
  }));
  return [
    ...known,
    ...others,
    { recorded: '192.0.2.3', here: `${frontends[0]?.address}` },
    { recorded: 'file://<repo-dir>', here: 's3://backups' },
  ];
}
