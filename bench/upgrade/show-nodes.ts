import { setTimeout as sleep } from 'node:timers/promises';
import { connectSql, type Row, type Sql } from '../../sandbox/world/sql.ts';
import type { UpgradeWorld } from './world.ts';

/** A row of SHOW FRONTENDS or SHOW BACKENDS. */
export type ShownNode = { readonly address: string; readonly alive: boolean; readonly version: string };

export type NodeReader = {
  /** Asks a frontend that is not away, where there is one; null when none answered in time. */
  read(away: ReadonlySet<string>): Promise<readonly ShownNode[] | null>;
  close(): void;
};

const limitMs = 1_000;

/** Keeps one connection for each frontend: a new one for each look would be work for the cluster. */
export function createNodeReader({ plan }: Pick<UpgradeWorld, 'plan'>): NodeReader {
  const connections = new Map<string, Promise<Sql>>();
  const frontends = plan.nodes.filter(({ kind }) => kind === 'fe').map(({ address }) => address);
  const connect = (host: string) => {
    const known = connections.get(host);
    if (known !== undefined) return known;
    const opened = connectSql({ host, port: plan.ports.query, user: 'root', password: '' });
    connections.set(host, opened);
    return opened;
  };
  const drop = (host: string) => {
    const dropped = connections.get(host);
    connections.delete(host);
    dropped?.then((sql) => sql.close()).catch(() => {}); // it never was connected
  };
  return {
    read: async (away) => {
      const present = frontends.filter((address) => !away.has(address));
      for (const host of present.length > 0 ? present : frontends) {
        const answer = await Promise.race([askNodes(connect(host)), sleep(limitMs, null, { ref: false })]).catch(
          () => null, // on its way out; another one is asked
        );
        if (answer !== null) return answer;
        drop(host);
      }
      return null;
    },
    close: () => {
      for (const host of [...connections.keys()]) drop(host);
    },
  };
}

async function askNodes(connection: Promise<Sql>): Promise<readonly ShownNode[]> {
  const sql = await connection;
  const rows = [...(await sql.query('SHOW FRONTENDS')), ...(await sql.query('SHOW BACKENDS'))];
  return rows.map(shownNode);
}

function shownNode(row: Row): ShownNode {
  return { address: row.IP ?? '', alive: row.Alive === 'true', version: row.Version ?? '' };
}
