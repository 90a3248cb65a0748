import { describe, expect, it } from 'vitest';
import { bytes, percent, version, whole } from '../../../src/adapters/starrocks/cells.ts';
import {
  parseBackends,
  parseBackupJobs,
  parseComputeNodes,
  parseFrontendConfig,
  parseFrontends,
  parseReplicaTotals,
  parseRepositories,
  parseSnapshots,
} from '../../../src/adapters/starrocks/parse.ts';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';

const frontend: SqlRow = {
  Name: '10.0.0.1_9010_1686810741121',
  IP: '10.0.0.1',
  EditLogPort: '9010',
  HttpPort: '8030',
  QueryPort: '9030',
  RpcPort: '9020',
  Role: 'LEADER',
  ClusterId: '919351034',
  Join: 'true',
  Alive: 'true',
  ReplayedJournalId: '1220',
  LastHeartbeat: '2025-06-15 15:39:04',
  IsHelper: 'true',
  ErrMsg: '',
  StartTime: '2025-06-15 14:32:28',
  Version: '3.5.0-48f4d81',
};

/** The columns of 3.1, to which later versions add. */
const backend31: SqlRow = {
  BackendId: '10007',
  IP: '10.0.0.11',
  HeartbeatPort: '9050',
  BePort: '9060',
  HttpPort: '8040',
  BrpcPort: '8060',
  LastStartTime: '2025-06-15 15:23:08',
  LastHeartbeat: '2025-06-15 15:57:30',
  Alive: 'true',
  SystemDecommissioned: 'false',
  ClusterDecommissioned: 'false',
  TabletNum: '30',
  DataUsedCapacity: '0.000 B',
  AvailCapacity: '341.965 GB',
  TotalCapacity: '1.968 TB',
  UsedPct: '83.04 %',
  MaxDiskUsedPct: '83.05 %',
  ErrMsg: '',
  Version: '3.1.17-1c0a8ed',
  Status: '{"lastSuccessReportTabletsTime":"2025-06-15 15:57:08"}',
  DataTotalCapacity: '341.965 GB',
  DataUsedPct: '0.00 %',
  CpuCores: '16',
  NumRunningQueries: '2',
  MemUsedPct: '0.01 %',
  CpuUsedPct: '0.3 %',
};

describe('parseFrontends', () => {
  it('reads a leader', () => {
    expect(parseFrontends([frontend])).toEqual([
      {
        ...{ name: '10.0.0.1_9010_1686810741121', host: '10.0.0.1', editLogPort: 9_010, httpPort: 8_030 },
        ...{ queryPort: 9_030, rpcPort: 9_020, role: 'LEADER', clusterId: '919351034', joined: true, alive: true },
        ...{ replayedJournalId: 1_220, lastHeartbeatAt: '2025-06-15 15:39:04', errorMessage: null },
        startedAt: '2025-06-15 14:32:28',
        version: { text: '3.5.0-48f4d81', release: '3.5.0', commit: '48f4d81' },
      },
    ]);
  });

  it('reads the Id column of 3.5 as one that does not matter', () => {
    expect(parseFrontends([{ Id: '1', ...frontend }])).toEqual(parseFrontends([frontend]));
  });

  it('reads one that was never seen: the text NULL and SQL NULL alike', () => {
    const added = { ...frontend, QueryPort: '0', RpcPort: '0', Role: 'FOLLOWER', Join: 'false', Alive: 'false' };
    const [row] = parseFrontends([{ ...added, LastHeartbeat: null, StartTime: 'NULL', Version: 'NULL' }]);
    expect(row).toMatchObject({
      ...{ queryPort: 0, joined: false, alive: false, lastHeartbeatAt: null, startedAt: null, version: null },
    });
  });

  it.each(['Role', 'IP', 'Alive', 'QueryPort'])('refuses an answer without the column %s', (column) => {
    const { [column]: _gone, ...rest } = frontend;
    expect(() => parseFrontends([rest])).toThrow(
      expect.objectContaining({ code: 'SQL_FAILED', message: expect.stringContaining(column) }),
    );
  });

  it('refuses a role that it does not know', () => {
    expect(() => parseFrontends([{ ...frontend, Role: 'MASTER' }])).toThrow(/"MASTER" in the column Role/);
  });
});

describe('parseBackends', () => {
  it('reads the columns of 3.1, and leaves empty what that version does not tell', () => {
    expect(parseBackends([backend31])[0]).toEqual({
      ...{ id: '10007', host: '10.0.0.11', heartbeatPort: 9_050, bePort: 9_060, httpPort: 8_040, brpcPort: 8_060 },
      ...{ startedAt: '2025-06-15 15:23:08', lastHeartbeatAt: '2025-06-15 15:57:30', alive: true },
      ...{ decommissioning: false, errorMessage: null, cpuCores: 16, runningQueries: 2 },
      version: { text: '3.1.17-1c0a8ed', release: '3.1.17', commit: '1c0a8ed' },
      ...{ memoryUsedPercent: 0.01, cpuUsedPercent: 0.3, tabletCount: 30, dataUsedBytes: 0 },
      ...{ availableBytes: 367_182_122_844, totalBytes: 2_163_838_883_463, usedPercent: 83.04 },
      ...{ maxDiskUsedPercent: 83.05, lastTabletReportAt: '2025-06-15 15:57:08' },
      ...{ location: null, memoryLimitBytes: null, statusCode: null, warehouse: null },
    });
  });

  it('reads what 3.4 and shared-data clusters add', () => {
    const more = { MemLimit: '57.600GB', DataCacheMetrics: 'N/A', Location: 'rack:r1', StatusCode: 'OK' };
    const [row] = parseBackends([{ ...backend31, ...more, WarehouseName: 'default_warehouse' }]);
    expect(row).toMatchObject({
      memoryLimitBytes: 61_847_529_062,
      location: 'rack:r1',
      statusCode: 'OK',
      warehouse: 'default_warehouse',
    });
  });

  it.each(['97;45 %', 'NaN %', '٩٧٫٤٥ %', '-1.00 %'])('keeps the figure of a disk that it cannot read: %j', (told) => {
    const [row] = parseBackends([{ ...backend31, MaxDiskUsedPct: told }]);
    expect(row).toMatchObject({ maxDiskUsedPercent: null, unreadDiskUse: told });
  });

  it.each(['', 'N/A', null, '97,45 %'])('keeps nothing of a figure that is not there, or can be read: %j', (told) => {
    expect(parseBackends([{ ...backend31, MaxDiskUsedPct: told }])[0]).not.toHaveProperty('unreadDiskUse');
  });

  it('reads one that was just added', () => {
    const unseen = { BePort: '-1', HttpPort: '-1', BrpcPort: '-1', LastStartTime: null, LastHeartbeat: null };
    const [row] = parseBackends([
      {
        ...backend31,
        ...unseen,
        Alive: 'false',
        TabletNum: '0',
        TotalCapacity: '1.000 B',
        Version: '',
        Status: '{"lastSuccessReportTabletsTime":"N/A"}',
      },
    ]);
    expect(row).toMatchObject({
      ...{ bePort: null, httpPort: null, brpcPort: null, startedAt: null, lastHeartbeatAt: null, alive: false },
      ...{ version: null, totalBytes: 1, lastTabletReportAt: null },
    });
  });
});

describe('parseComputeNodes', () => {
  it('reads one without tablets, and one of a shared-data cluster', () => {
    const { BackendId: _id, TabletNum: _tablets, ...common } = backend31;
    const node = { ComputeNodeId: '10011', ...common, HasStoragePath: 'true' };
    const [plain, shared] = parseComputeNodes([node, { ...node, TabletNum: '12', WarehouseName: 'default_warehouse' }]);
    expect(plain).toMatchObject({ id: '10011', heartbeatPort: 9_050, tabletCount: null, warehouse: null });
    expect(shared).toMatchObject({ tabletCount: 12, warehouse: 'default_warehouse' });
  });
});

describe('parseBackupJobs', () => {
  const job: SqlRow = {
    ...{ JobId: '-1', SnapshotName: 'nightly', DbName: 'sales', State: 'PENDING', BackupObjs: '[sales.orders]' },
    ...{ CreateTime: '2025-06-15 10:00:00', SnapshotFinishedTime: null, UploadFinishedTime: null, FinishedTime: null },
    ...{ UnfinishedTasks: '', Progress: '', TaskErrMsg: '', Status: '[OK]', Timeout: '86400' },
  };

  it('reads a job that waits', () => {
    expect(parseBackupJobs([job])[0]).toEqual({
      ...{ jobId: '-1', snapshot: 'nightly', database: 'sales', state: 'PENDING', objects: '[sales.orders]' },
      ...{ createdAt: '2025-06-15 10:00:00', finishedAt: null, unfinishedTasks: 0, progress: null, taskErrors: null },
      ...{ status: '[OK]', timeoutSeconds: 86_400 },
    });
  });

  it('counts the tasks of one that uploads', () => {
    const progress = '[10080: 3/12], [10081: 0/9]';
    const [row] = parseBackupJobs([
      { ...job, State: 'UPLOADING', UnfinishedTasks: '10045=10007, 10046=10008', Progress: progress },
    ]);
    expect(row).toMatchObject({ state: 'UPLOADING', unfinishedTasks: 2, progress });
  });
});

describe('parseSnapshots', () => {
  it('reads several timestamps of one name', () => {
    const stamps = '2025-06-15-10-00-00-123\n2025-06-16-10-00-00-456';
    expect(parseSnapshots([{ Snapshot: 's', Timestamp: stamps, Status: 'OK' }])).toEqual([
      {
        snapshot: 's',
        timestamps: ['2025-06-15-10-00-00-123', '2025-06-16-10-00-00-456'],
        database: null,
        status: 'OK',
      },
    ]);
  });

  it.each(['', null])('reads an incomplete one, whose timestamp is %j', (timestamp) => {
    const [row] = parseSnapshots([{ Snapshot: 's', Timestamp: timestamp, Status: 'ERROR: no snapshot' }]);
    expect(row).toMatchObject({ timestamps: [], status: 'ERROR: no snapshot' });
  });
});

describe('the rest', () => {
  it('reads the totals of /statistic, which are in the last row', () => {
    const database = {
      ...{ DbId: '10002', DbName: 'sales', TableNum: '1', PartitionNum: '1', IndexNum: '1', TabletNum: '3' },
      ...{ ReplicaNum: '9', UnhealthyTabletNum: '1', InconsistentTabletNum: '0', CloningTabletNum: '0' },
      ErrorStateTabletNum: '0',
    };
    const totals = parseReplicaTotals([database, { ...database, DbId: 'Total', DbName: '1' }]);
    expect(totals).toMatchObject({ databases: 1, tablets: 3, replicas: 9, unhealthyTablets: 1 });
    expect(parseReplicaTotals([database])).toBeNull();
  });

  it('reads repositories', () => {
    const row = {
      RepoId: '1',
      RepoName: 'r',
      CreateTime: '2025-06-15 10:00:00',
      IsReadOnly: 'false',
      Location: 's3://b/p',
    };
    expect(parseRepositories([{ ...row, Broker: '', ErrMsg: null }])).toEqual([
      { name: 'r', isReadOnly: false, location: 's3://b/p', createdAt: '2025-06-15 10:00:00', errorMessage: null },
    ]);
  });

  it('reads settings of a frontend with their aliases', () => {
    const row = {
      Key: 'tablet_sched_disable_balance',
      AliasNames: '[disable_balance]',
      Value: 'false',
      Type: 'boolean',
    };
    expect(parseFrontendConfig([{ ...row, IsMutable: 'true', Comment: '' }])).toEqual([
      { key: 'tablet_sched_disable_balance', aliases: ['disable_balance'], value: 'false', isMutable: true },
    ]);
  });
});

describe('cells', () => {
  it.each([
    ['0.000 B', 0],
    ['1.000 B', 1],
    ['1.500 KB', 1_536],
    ['57.600GB', 61_847_529_062],
    ['1.2GB', 1_288_490_189],
    ['0B', 0],
    // The locale of the frontend's JVM decides about separators; three decimals stand behind the last one.
    ['952,147 GB', 1_022_360_056_496],
    ['1,204 TB', 1_323_811_999_842],
    ['1,234.5 GB', 1_325_534_281_728],
    ['1.234,5 GB', 1_325_534_281_728],
    ['1 234,5 GB', 1_325_534_281_728],
    ['1\u202f234,5 GB', 1_325_534_281_728],
    ["1'234.5 GB", 1_325_534_281_728],
    ['1.234.567 B', 1_234_567],
    ['1,234,567.000 B', 1_234_567],
    ['1,2,3 GB', null],
    ['1,234,5 GB', null],
    ['1;2 GB', null],
    ['-1.000 GB', null],
    ['N/A', null],
    ['', null],
    ['-1', null],
    [null, null],
    [undefined, null],
  ])('reads the size %j as %j', (cell, expected) => {
    expect(bytes(cell)).toBe(expected);
  });

  it.each([
    ['83.04 %', 83.04],
    ['0.3 %', 0.3],
    ['100%', 100],
    ['97,45 %', 97.45],
    ['1,00 %', 1],
    ['1.234,5 %', 1_234.5],
    ['97;45 %', null],
    ['97.45', null],
    ['NaN %', null],
    ['N/A', null],
    [undefined, null],
  ])('reads the share %j as %j', (cell, expected) => {
    expect(percent(cell)).toBe(expected);
  });

  it.each([
    ['3.5.0-48f4d81', '3.5.0', '48f4d81'],
    ['3.3.0-rc01-3b8cb0c', '3.3.0-rc01', '3b8cb0c'],
    ['BRANCH-3.0-RELEASE-8eb8705', 'BRANCH-3.0-RELEASE', '8eb8705'],
    ['MAIN-RELEASE-d094052', 'MAIN-RELEASE', 'd094052'],
    ['UNKNOWN', 'UNKNOWN', null],
  ])('reads the version %s', (text, release, commit) => {
    expect(version(text)).toEqual({ text, release, commit });
  });

  it.each([
    ['-1', null],
    ['12', 12],
    ['1.5', null],
    [null, null],
  ])('reads the whole number %j as %j', (cell, expected) => {
    expect(whole(cell)).toBe(expected);
  });
});
