import type { Cell } from '../../mysql/packets.ts';
import { formatTime } from '../../pace.ts';
import type { FrontendContext } from '../context.ts';
import { type SnapshotJob, snapshotJobs, snapshotVolume } from './cluster-snapshots.ts';

const text = (name: string) => ({ name, type: 'varchar(2048)' });

/** The two tables of information_schema about cluster snapshots, with the columns as they were recorded. */
export const clusterSnapshotViews = {
  cluster_snapshots: {
    columns: [
      ...[text('SNAPSHOT_NAME'), text('SNAPSHOT_TYPE'), { name: 'CREATED_TIME', type: 'datetime' }],
      ...[
        { name: 'FE_JOURNAL_ID', type: 'bigint' },
        { name: 'STARMGR_JOURNAL_ID', type: 'bigint' },
      ],
      ...[text('PROPERTIES'), text('STORAGE_VOLUME'), text('STORAGE_PATH')],
    ],
    rows: (fe: FrontendContext): Cell[][] => {
      const { state } = fe.group;
      const newest = snapshotJobs(state).findLast((job) => job.state === 'FINISHED');
      return snapshotVolume(state) === null || newest === undefined ? [] : [snapshotRow(fe, newest)];
    },
  },
  cluster_snapshot_jobs: {
    columns: [
      ...[text('SNAPSHOT_NAME'), { name: 'JOB_ID', type: 'bigint' }, { name: 'CREATED_TIME', type: 'datetime' }],
      ...[{ name: 'FINISHED_TIME', type: 'datetime' }, text('STATE'), text('DETAIL_INFO'), text('ERROR_MESSAGE')],
    ],
    rows: (fe: FrontendContext): Cell[][] =>
      snapshotJobs(fe.group.state).map(({ name, id, createdAt, finishedAt, state, error }) => [
        ...[name, String(id), formatTime(createdAt)],
        ...[formatTime(Math.max(finishedAt, 0)), state, '', error],
      ]),
  },
};

function snapshotRow(fe: FrontendContext, { name, createdAt, journalId, volume }: SnapshotJob): Cell[] {
  const cluster = fe.group.state.settings.get('clusterId') ?? '';
  return [
    ...[name, 'AUTOMATED', formatTime(createdAt), String(journalId), String(journalId), '', volume],
    `s3://sandbox/${volume}/${cluster}/meta/image/${name}`,
  ];
}
