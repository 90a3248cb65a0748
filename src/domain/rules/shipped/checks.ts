import { byCheck, familyOf } from './build.ts';

/** Rules that are code: they judge what is no number. */
export const clusterChecks = familyOf('cluster', [
  {
    ...{ name: 'cluster_unreachable', ...byCheck, severity: 'CRITICAL', isGuarded: true },
    title: 'No frontend answers, or the cluster cannot be observed',
    pastTitle: 'The cluster could not be observed',
    means: 'If clients fare as Starwarden does, nobody can query or load.',
    todo: 'Look at the hosts of the frontends and at the network; start what is down (/sr start).',
    action: 'startNodes',
  },
  {
    ...{ name: 'no_leader', ...byCheck, severity: 'CRITICAL', isGuarded: true },
    title: 'No frontend leads',
    pastTitle: 'No frontend led',
    means: 'Nothing can be changed or loaded, while queries may still be answered.',
    todo: 'A majority of the electable frontends has to live and to reach each other: start what is down, look at clocks and at the network.',
    action: 'startNodes',
  },
  {
    ...{ name: 'quorum_at_risk', ...byCheck, severity: 'HIGH', isGuarded: true, isInhibitedByRuns: true },
    title: 'One more frontend that fails takes the leader away',
    pastTitle: 'One more frontend that failed would have taken the leader away',
    means: 'The cluster works, with no frontend to spare.',
    todo: 'Bring back the frontends that are down, or replace them.',
    action: 'replaceFrontend',
  },
  {
    ...{ name: 'versions_mixed', ...byCheck, severity: 'MEDIUM' },
    title: 'The nodes run different versions',
    pastTitle: 'The nodes ran different versions',
    means: 'Versions that differ are meant for the hours of an upgrade; nobody tests how they work together for long.',
    todo: 'Finish the upgrade, or take it back (/sr upgrade, /sr downgrade).',
    action: 'upgradeCluster',
  },
]);

export const nodeChecks = familyOf('nodes', [
  {
    ...{ name: 'node_down', ...byCheck, severity: 'CRITICAL', isInhibitedByRuns: true },
    title: 'A node is down',
    pastTitle: 'A node was down',
    means: 'A backend takes a replica of its tablets with it, a frontend a vote and its connections.',
    todo: 'Look at its log and its host; start it (/sr start), or replace it if its host is lost.',
    action: 'startNodes',
  },
  {
    ...{ name: 'frontend_no_greeting', ...byCheck, severity: 'HIGH', isInhibitedByRuns: true },
    title: 'A frontend sends no greeting',
    pastTitle: 'A frontend sent no greeting',
    means: 'Clients that are sent there wait until they give up.',
    todo: 'Restart it if it belongs to the cluster (/sr restart); end it and take it from the load balancer if it was dropped.',
    action: 'restartNode',
  },
  {
    ...{ name: 'impossible_logins', ...byCheck, severity: 'LOW' },
    title: 'Logins are tried under impossible names',
    pastTitle: 'Logins were tried under impossible names',
    means: 'Somebody who reaches the query port tries names that no user can have; nobody was let in by them.',
    todo: 'Find out in the audit log of the frontends from which address, and keep it away from the query port.',
  },
  {
    ...{ name: 'node_stopped', ...byCheck, severity: 'LOW' },
    title: 'A node is stopped on purpose',
    pastTitle: 'A node was stopped on purpose',
    means: 'Nobody is told that it is down until it is started.',
    todo: 'Start it when the work is done (/sr start).',
    action: 'startNodes',
  },
]);

export const backupChecks = familyOf('backups', [
  {
    ...{ name: 'backup_failed', ...byCheck, severity: 'HIGH', isNeverHidden: true, isGuarded: true },
    title: 'The last backup of a database failed',
    pastTitle: 'A backup of a database had failed',
    means: 'One can go back only to an older one.',
    todo: 'Look at its run, mend the cause, and run the tier again (/sr run-policy).',
    action: 'runBackupPolicy',
  },
  {
    ...{ name: 'backup_missed', ...byCheck, severity: 'HIGH', isNeverHidden: true, isGuarded: true },
    title: 'A backup by policy was missed',
    pastTitle: 'A backup by policy had been missed',
    means: 'The newest backup is older than it was meant to be.',
    todo: 'Run the tier now if it cannot wait until its next time (/sr run-policy).',
    action: 'runBackupPolicy',
  },
  {
    ...{ name: 'backup_too_old', ...byCheck, severity: 'CRITICAL', isNeverHidden: true, isGuarded: true },
    title: 'A database has no usable backup, or one that is too old',
    pastTitle: 'A database had no usable backup, or one that was too old',
    means: 'Whatever was written since cannot be brought back.',
    todo: 'Look at the runs of the policy, and run a tier now (/sr run-policy).',
    action: 'runBackupPolicy',
  },
  {
    ...{ name: 'backup_shrunk', ...byCheck, severity: 'MEDIUM', isNeverHidden: true, isGuarded: true },
    title: 'A full backup has shrunk',
    pastTitle: 'A full backup had shrunk',
    means: 'If nobody deleted so much on purpose, data is missing in the cluster.',
    todo: 'Compare the tables, and pin the older backup before retention deletes it.',
  },
  {
    ...{ name: 'backup_verification_failed', ...byCheck, severity: 'HIGH', isNeverHidden: true, isGuarded: true },
    title: 'A backup is not whole',
    pastTitle: 'A backup was not whole',
    means: 'It does not count any more, nor does what is based on it.',
    todo: 'Take a new full backup, and find out who changes the repository.',
    action: 'runBackupPolicy',
  },
  {
    ...{ name: 'cluster_snapshot_failed', ...byCheck, severity: 'HIGH' },
    title: 'The last automated cluster snapshot failed',
    pastTitle: 'An automated cluster snapshot had failed',
    means: 'A shared-data cluster can be brought back only to an older one.',
    todo: 'Look at information_schema.cluster_snapshot_jobs and at the storage volume.',
  },
  {
    ...{ name: 'cluster_snapshot_old', ...byCheck, severity: 'HIGH' },
    title: 'The newest cluster snapshot is old',
    pastTitle: 'The newest cluster snapshot was old',
    means: 'What was written since cannot be brought back by a snapshot.',
    todo: 'Look at why no job ends; set the snapshots anew if they were switched off (/sr cluster-snapshots).',
    action: 'setClusterSnapshots',
  },
  {
    ...{ name: 'repository_unhealthy', ...byCheck, severity: 'HIGH' },
    title: 'A repository is not usable',
    pastTitle: 'A repository was not usable',
    means: 'No backup can be taken there and none restored from there, or none verified and deleted.',
    todo: 'Look at its address, bucket and keys (/sr check-repository).',
    action: 'checkRepository',
  },
]);

export const ownChecks = familyOf('starwarden', [
  {
    ...{ name: 'looks_late', ...byCheck, severity: 'MEDIUM' },
    title: 'Starwarden looks at the cluster too seldom',
    pastTitle: 'Starwarden looked at the cluster too seldom',
    means: 'Whatever breaks is seen that much later.',
    todo: 'Look at the load of the hosts that Starwarden and its MySQL run on, and whether the cluster answers slowly; run one more process.',
  },
  {
    ...{ name: 'run_waits', ...byCheck, severity: 'HIGH' },
    title: 'A run waits for a person',
    pastTitle: 'A run waited for a person',
    means: 'What it has begun stays half done until somebody decides, and no other run can change the cluster.',
    todo: 'Look at the run (/sr run), then resume, retry, undo or cancel it, or approve it.',
  },
]);
