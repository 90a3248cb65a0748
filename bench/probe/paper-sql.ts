import type { SqlReader, SqlRow } from '../../src/adapters/starrocks/port.ts';
import { AppError } from '../../src/errors.ts';
import { type BenchNode, nodesOf } from './layout.ts';

/** What a cluster answers to SQL, in this process: its nodes, all alive, and its databases. Everything else is refused. */
export function paperSql({ cluster, block, port }: { cluster: number; block: number; port: number }): SqlReader {
  const nodes = nodesOf(cluster, block);
  const rows: Readonly<Record<string, readonly SqlRow[]>> = {
    'show-frontends': nodes.filter(({ kind }) => kind === 'FRONTEND').map((node) => frontendRow(node, port)),
    'show-backends': nodes.filter(({ kind }) => kind === 'BACKEND').map((node, at) => backendRow(node, { port, at })),
    'show-compute-nodes': [],
    'version-comment': [{ version_comment: '3.5.0-5f3d6d1' }],
  };
  return {
    query: async ({ name }) => {
      const answer = rows[name];
      if (answer !== undefined) return [...answer];
      throw new AppError('SQL_FAILED', `the cluster of the benchmark does not answer ${name}`);
    },
  };
}

const version = '3.5.0-5f3d6d1';
const since = '2026-03-01 10:00:00';

function frontendRow({ host, isLeader }: BenchNode, port: number): SqlRow {
  return {
    ...{
      Name: `${host}_9010_1`,
      IP: host,
      EditLogPort: '9010',
      HttpPort: String(port),
      QueryPort: '9030',
      RpcPort: '9020',
    },
    ...{ Role: isLeader ? 'LEADER' : 'FOLLOWER', ClusterId: '919351034', Join: 'true', Alive: 'true' },
    ...{ ReplayedJournalId: '1220', LastHeartbeat: since, ErrMsg: '', StartTime: since, Version: version },
  };
}

function backendRow({ host }: BenchNode, { port, at }: { port: number; at: number }): SqlRow {
  return {
    ...{ BackendId: String(10_001 + at), IP: host, HeartbeatPort: '9050', BePort: '9060', HttpPort: String(port) },
    ...{ BrpcPort: '8060', LastStartTime: since, LastHeartbeat: since, Alive: 'true', SystemDecommissioned: 'false' },
    ...{ ErrMsg: '', Version: version, TabletNum: '4000', MaxDiskUsedPct: '40.00 %', MemLimit: '57.600GB' },
  };
}
