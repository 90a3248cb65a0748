import { describe, expect, it } from 'vitest';
import type { SqlRow, StarRocksSql } from '../../../src/adapters/starrocks/port.ts';
import { countSingleReplicaTables, readSingleReplicaTables } from '../../../src/adapters/starrocks/read-replicas.ts';
import { AppError } from '../../../src/errors.ts';

/** As recorded with all backends dead. */
const noBackend = new AppError(
  'SQL_FAILED',
  'show-table-config on 192.0.2.1:9030 was refused: Backend node not found. Check if any backend node is down. (error 1064)',
);
const replica = (TabletId: string, BackendId: string): SqlRow => ({ TabletId, BackendId, Status: 'DEAD' });
const metadata: Readonly<Record<string, readonly SqlRow[]>> = {
  "SHOW PROC '/dbs'": [
    { DbId: '1', DbName: 'information_schema' },
    { DbId: '10004', DbName: '_statistics_' },
    { DbId: '18040', DbName: 'sales' },
  ],
  "SHOW PROC '/dbs/1'": [],
  "SHOW PROC '/dbs/10004'": [{ TableName: 'column_statistics', Type: 'OLAP', ReplicaCount: '10' }],
  "SHOW PROC '/dbs/18040'": [
    { TableName: 'orders', Type: 'OLAP', ReplicaCount: '9' },
    { TableName: 'lonely', Type: 'OLAP', ReplicaCount: '2' },
    { TableName: 'v1', Type: 'VIEW', ReplicaCount: '' },
  ],
  'ADMIN SHOW REPLICA STATUS FROM `sales`.`orders`': ['10509', '10002', '10003'].map((be) => replica('18078', be)),
  'ADMIN SHOW REPLICA STATUS FROM `sales`.`lonely`': [replica('18090', '10002'), replica('18091', '10003')],
  'ADMIN SHOW REPLICA DISTRIBUTION FROM `sales`.`lonely`': [
    { BackendId: '10002', ReplicaNum: '1' },
    { BackendId: '10003', ReplicaNum: '1' },
    { BackendId: '10509', ReplicaNum: '0' },
  ],
};

function withoutBackends(
  more: (text: string) => readonly SqlRow[] | AppError | undefined = () => undefined,
): StarRocksSql {
  return {
    query: async ({ text }) => {
      if (text.includes('tables_config')) throw noBackend;
      const answer = more(text) ?? metadata[text];
      if (answer instanceof AppError) throw answer;
      if (answer === undefined)
        throw new AppError('SQL_FAILED', 'Detail message: Table does not exist or is not OLAP table: v1.');
      return answer;
    },
  };
}

describe('tables with one replica, while no backend answers for information_schema', () => {
  it('are found in the metadata of the leader, without those of StarRocks', async () => {
    expect(await countSingleReplicaTables(withoutBackends())).toBe(1);
  });

  it('are told of the backend that has them', async () => {
    expect(await readSingleReplicaTables(withoutBackends(), '10002')).toEqual(['sales.lonely']);
    expect(await readSingleReplicaTables(withoutBackends(), '10509')).toEqual([]);
  });

  it('are not told where nothing tells them, with both reasons', async () => {
    const refused = new AppError('SQL_PRIVILEGE_MISSING', 'mgr may not SHOW PROC');
    const asking = countSingleReplicaTables(withoutBackends((text) => (text.includes('/dbs') ? refused : undefined)));
    await expect(asking).rejects.toMatchObject({
      code: 'SQL_PRIVILEGE_MISSING',
      message: expect.stringMatching(/^mgr may not SHOW PROC; before that, .*Backend node not found/),
    });
  });

  it('are not guessed where there are too many tables to ask', async () => {
    const many = Array.from({ length: 501 }, (_, at) => ({ TableName: `t${at}`, Type: 'OLAP', ReplicaCount: '3' }));
    const asking = countSingleReplicaTables(
      withoutBackends((text) => (text.includes('/dbs/18040') ? many : undefined)),
    );
    await expect(asking).rejects.toMatchObject({ code: 'SQL_FAILED', message: expect.stringMatching(/501 tables/) });
  });
});
