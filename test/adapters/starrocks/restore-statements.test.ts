import { describe, expect, it } from 'vitest';
import { parseRestoreJobs } from '../../../src/adapters/starrocks/parse.ts';
import type { SqlRow } from '../../../src/adapters/starrocks/port.ts';
import {
  cancelRestore,
  createDatabase,
  dropDatabase,
  dropTable,
  dropView,
  restoreSnapshot,
  sumTable,
  switchDynamicPartitionsOff,
} from '../../../src/adapters/starrocks/restore-statements.ts';

const hostile = 'a`; DROP DATABASE sales; -- ';
const given = {
  ...{ database: 'copy', repository: 'vault', snapshot: 's1', timestamp: '2026-11-27-09-38-34-376' },
  ...{
    objects: [
      { name: 'orders', partitions: ['p1'] },
      { name: 'users', partitions: null },
    ],
    replicas: 2,
  },
  timeoutSeconds: 600,
};

describe('statements of a restore', () => {
  it('name what is restored, the timestamp, and the number of replicas', () => {
    expect(restoreSnapshot(given).text).toBe(
      [
        'RESTORE SNAPSHOT `copy`.`s1`',
        'FROM `vault`',
        'ON (`orders` PARTITION (`p1`), `users`)',
        "PROPERTIES ('backup_timestamp' = '2026-11-27-09-38-34-376', 'replication_num' = '2', 'timeout' = '600')",
      ].join('\n'),
    );
  });

  it('keep a name from ending the statement', () => {
    const quoted = '`a``; DROP DATABASE sales; -- `';
    const objects = [{ name: hostile, partitions: [hostile] }];
    expect(restoreSnapshot({ ...given, database: hostile, objects }).text).toContain(
      `RESTORE SNAPSHOT ${quoted}.\`s1\`\nFROM \`vault\`\nON (${quoted} PARTITION (${quoted}))`,
    );
    expect(dropTable({ database: hostile, table: hostile }).text).toBe(`DROP TABLE ${quoted}.${quoted}`);
    expect(dropDatabase(hostile).text).toBe(`DROP DATABASE ${quoted}`);
    expect(sumTable({ database: 'd', table: 't' }, { columns: [hostile], timeoutSeconds: 9 }).text).toContain(quoted);
  });

  it('never drop with FORCE, and are refused for nothing, no replica and no timestamp', () => {
    for (const { text } of [
      dropDatabase('copy'),
      dropTable({ database: 'copy', table: 't' }),
      dropView({ database: 'copy', table: 't' }),
    ])
      expect(text).not.toMatch(/force/i);
    expect(() => restoreSnapshot({ ...given, objects: [] })).toThrow(/restores nothing/);
    expect(() => restoreSnapshot({ ...given, objects: [{ name: 't', partitions: [] }] })).toThrow(/no partition/);
    expect(() => restoreSnapshot({ ...given, replicas: 0 })).toThrow(/one replica/);
    expect(() => restoreSnapshot({ ...given, timestamp: "x' OR 1" })).toThrow(/no timestamp/);
  });

  it.each(['information_schema', 'SYS', ' _statistics_'])(
    'are refused for %s, whatever StarRocks would accept',
    (database) => {
      const table = { database, table: 't' };
      for (const make of [
        () => restoreSnapshot({ ...given, database }),
        () => cancelRestore(database),
        () => createDatabase(database),
        () => dropDatabase(database),
        () => dropTable(table),
        () => dropView(table),
        () => switchDynamicPartitionsOff(table),
      ])
        expect(make).toThrow(/StarRocks' own/);
    },
  );
});

/** Rows of SHOW RESTORE as a real frontend of 3.5 gave them, from RestoreObjs on only where it matters. */
const recorded: readonly SqlRow[] = (
  [
    ['-1', 'full1', 'sales', 'PENDING', 'parted PARTITIONS [p1, p2], orders, v1', null, '', '', '[OK]'],
    ['18734', 'm9', 'bk', 'SNAPSHOTING', 't1', null, '18743=18739, 18744=18741', '', '[OK]'],
    ['18734', 'm9', 'bk', 'DOWNLOAD', 't1', null, '', '', '[OK]'],
    ['18734', 'm9', 'bk', 'DOWNLOADING', 't1', null, '18745=10002, 18746=10003', '', '[OK]'],
    ['18734', 'm9', 'bk', 'COMMIT', 't1', null, '', '', '[OK]'],
    ['18734', 'm9', 'bk', 'COMMITTING', 't1', null, '18747=18739, 18748=18741', '', '[OK]'],
    ['18734', 'm9', 'bk', 'FINISHED', 't1', '2026-11-27 09:50:48', '', '', '[OK]'],
    [
      ...['18804', 'm9', 'bk', 'DOWNLOADING', 't1', null, '18816=10509, 18815=10002'],
      ...['[18816: simulated failure of DOWNLOAD], [18815: simulated failure of DOWNLOAD]', '[OK]'],
    ],
    [
      ...['18749', 'm9', 'bk', 'CANCELLED', 't1', '2026-11-27 09:51:03', '18760=10002, 18761=10509', ''],
      '[NOT_FOUND, msg: table 18750 has been dropped]',
    ],
    ['-1', 'ec1', '', 'FINISHED', '', '2026-11-27 09:51:30', '', '', '[OK]'],
  ] as const
).map(([JobId, Label, DbName, State, RestoreObjs, FinishedTime, UnfinishedTasks, TaskErrMsg, Status]) => ({
  ...{ JobId, Label, Timestamp: '2026-11-27-09-46-26-644', DbName, State, AllowLoad: 'false', ReplicationNum: '1' },
  ...{ RestoreObjs, CreateTime: '2026-11-27 09:50:22', MetaPreparedTime: null, SnapshotFinishedTime: null },
  ...{ DownloadFinishedTime: null, FinishedTime, UnfinishedTasks, Progress: '', TaskErrMsg, Status, Timeout: '86400' },
}));

describe('SHOW RESTORE as a real frontend answered it', () => {
  const jobs = parseRestoreJobs(recorded);

  it('is read in every state, also of a job about catalogs, which has no database', () => {
    expect(new Set(jobs.map(({ state }) => state)).size).toBe(8);
    expect(jobs.filter(({ database }) => database === '').map(({ label }) => label)).toEqual(['ec1']);
    expect(jobs.map(({ unfinishedTasks }) => unfinishedTasks)).toEqual([0, 2, 0, 2, 0, 2, 0, 2, 2, 0]);
  });

  it('tells tasks that fail from a job that is well only by their texts', () => {
    const failing = jobs.filter(({ taskErrors }) => taskErrors !== null);
    expect(failing.map(({ state, status }) => `${state} ${status}`)).toEqual(['DOWNLOADING [OK]']);
  });

  it('is not read in a state that nobody knows', () => {
    expect(() => parseRestoreJobs([{ ...recorded[0], State: 'LATER' }])).toThrow(/not known/);
  });
});
