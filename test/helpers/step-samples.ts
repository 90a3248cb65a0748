import type { StepSpec } from '../../src/domain/plan.ts';
import {
  checkArmed,
  checkNoRestore,
  countBackupObjects,
  removeBackupObjects,
} from '../../src/operations/backup/deletion/steps.ts';
import { lookAtRepository } from '../../src/operations/backup/repositories/look-at-repository.ts';
import { forgetRepository, makeRepository } from '../../src/operations/backup/repositories/make-repository.ts';
import { recordRepository } from '../../src/operations/backup/repositories/record-repository.ts';
import { tryStore } from '../../src/operations/backup/repositories/try-store-step.ts';
import {
  awaitClusterSnapshot,
  switchOffClusterSnapshots,
  switchOnClusterSnapshots,
} from '../../src/operations/backup/set-cluster-snapshots/switch.ts';
import { awaitTurn } from '../../src/operations/backup/take/await-turn.ts';
import { beginBackup } from '../../src/operations/backup/take/begin-backup.ts';
import { chooseObjects } from '../../src/operations/backup/take/choose-objects.ts';
import { recordContent } from '../../src/operations/backup/take/record-content.ts';
import { takeBackup } from '../../src/operations/backup/take/take-backup.ts';
import { verifyListed } from '../../src/operations/backup/verify/verify-listed.ts';
import { verifyObjects } from '../../src/operations/backup/verify/verify-objects.ts';
import { inspectCluster } from '../../src/operations/cluster/check-cluster/inspect-cluster.ts';
import { forgetCluster, recordCluster } from '../../src/operations/cluster/record-cluster.ts';
import { saveTopology } from '../../src/operations/cluster/save-topology.ts';
import { changeCluster } from '../../src/operations/cluster/update-cluster/change-cluster.ts';
import { attachNodes, recordHost, verifyHost } from '../../src/operations/host/attach-hosts/attach-host.ts';
import { inspectHosts } from '../../src/operations/host/check-hosts/inspect-hosts.ts';
import { forgetHost } from '../../src/operations/host/detach-host/forget-host.ts';
import { pinHostKey } from '../../src/operations/host/pin-host-key.ts';
import { labelBackend } from '../../src/operations/node/set-node-location/label-backend.ts';
import { awaitNode, awaitVersion } from '../../src/operations/node/steps/await-back.ts';
import { awaitTablets } from '../../src/operations/node/steps/await-tablets.ts';
import { guardNode } from '../../src/operations/node/steps/guard-node.ts';
import { holdForPerson } from '../../src/operations/node/steps/hold.ts';
import { noteProcess } from '../../src/operations/node/steps/note-process.ts';
import { startNode, stopNode } from '../../src/operations/node/steps/power.ts';
import { compareQueries, measureBaseline, sampleQueries, soak } from '../../src/operations/node/steps/queries.ts';
import { rememberStopped } from '../../src/operations/node/steps/remember-stopped.ts';
import {
  keepSchedulingPaused,
  pauseTabletScheduling,
  restoreTabletScheduling,
} from '../../src/operations/node/steps/scheduling.ts';
import { bringBackTables } from '../../src/operations/restore/restore-dropped-tables/steps/bring-back-tables.ts';
import { noteFreeNames } from '../../src/operations/restore/restore-dropped-tables/steps/note-free-names.ts';
import { checkGround } from '../../src/operations/restore/steps/check-restore.ts';
import { keepPartitions } from '../../src/operations/restore/steps/keep-partitions.ts';
import { makeTarget } from '../../src/operations/restore/steps/make-target.ts';
import { removeCopy } from '../../src/operations/restore/steps/remove-copy.ts';
import { restoreSnapshot } from '../../src/operations/restore/steps/restore-snapshot.ts';
import { verifyRestored } from '../../src/operations/restore/steps/verify-restored.ts';
import { keepBalancingOff, switchOffBalancing } from '../../src/operations/tablet/pause-balancing/steps.ts';
import { askForRepair, awaitRepaired, cancelRepair } from '../../src/operations/tablet/repair-table/steps.ts';
import { awaitTabletWhole, markReplicaBad } from '../../src/operations/tablet/set-replica-bad/steps.ts';
import { forgetRootPassword } from '../../src/operations/topology/deploy-cluster/forget-root-password.ts';
import { checkHoldsNothing } from '../../src/operations/topology/deploy-cluster/holds-nothing.ts';
import { recordNewCluster, recordNewHost } from '../../src/operations/topology/deploy-cluster/record-new.ts';
import { secureFirstFrontend } from '../../src/operations/topology/deploy-cluster/secure-first-frontend.ts';
import { tryCluster } from '../../src/operations/topology/deploy-cluster/try-cluster.ts';
import { addToCluster } from '../../src/operations/topology/steps/add-to-cluster.ts';
import { awaitJoined } from '../../src/operations/topology/steps/await-joined.ts';
import { claimPlace } from '../../src/operations/topology/steps/claim-place.ts';
import { awaitIdle, dropComputeNode, stopComputeNode } from '../../src/operations/topology/steps/compute-node.ts';
import { deleteNodeData } from '../../src/operations/topology/steps/delete-node-data.ts';
import { cancelDrain, drainBackend } from '../../src/operations/topology/steps/drain-backend.ts';
import { dropDrained } from '../../src/operations/topology/steps/drop-drained.ts';
import { dropFrontend, handOverLeadership } from '../../src/operations/topology/steps/drop-frontend.ts';
import { endNewNode } from '../../src/operations/topology/steps/end-new-node.ts';
import { installNode } from '../../src/operations/topology/steps/install-node.ts';
import { decommissionAdded, dropFromCluster } from '../../src/operations/topology/steps/leave-cluster.ts';
import { noteLeaving } from '../../src/operations/topology/steps/note-leaving.ts';
import { removeInstalled } from '../../src/operations/topology/steps/remove-installed.ts';
import { awaitProcess, startNewNode } from '../../src/operations/topology/steps/start-new-node.ts';
import { stopRemoved } from '../../src/operations/topology/steps/stop-removed.ts';
import { writeConf } from '../../src/operations/topology/steps/write-conf.ts';
import { removeUnit, writeUnit } from '../../src/operations/topology/steps/write-unit.ts';
import { inspectUpgrade } from '../../src/operations/upgrade/check-upgrade/inspect-upgrade.ts';
import { verifyArchive } from '../../src/operations/upgrade/check-upgrade/verify-archive.ts';
import {
  closeThisUpgrade,
  closeUpgrades,
  recordUpgrade,
  removeKept,
} from '../../src/operations/upgrade/steps/history.ts';
import { createMetadataImage, noteJournal } from '../../src/operations/upgrade/steps/image.ts';
import { startForMove, stopForMove } from '../../src/operations/upgrade/steps/power.ts';
import { swapBack, swapBinaries } from '../../src/operations/upgrade/steps/swap.ts';
import { proveArchive } from '../../src/steps/release/prove-archive.ts';
import { dropArchive, fetchArchive, removeStaged, unpackRelease } from '../../src/steps/release/stage.ts';

const label = 'be 10.0.0.11:9050';
const table = { database: 'sales', table: 'orders' };
const replica = {
  ...{ ...table, tabletId: '10010', backendId: '10002', replicaId: '10020', nodeId: 'nod_1', label },
  replicaCount: 3,
};
const release = { version: '3.5.0', sha256: 'ab'.repeat(32) };
const place = { hostId: 'hst_1', deployDir: '/opt/be' };
const node = { nodeId: 'nod_1', label, kind: 'BACKEND', ...place } as const;
const leaving = {
  ...{ nodeId: 'nod_1', label, kind: 'BACKEND' as const, host: '10.0.0.11', port: 9050, version: '3.5.0' },
  place: { ...place, unit: null },
};
const running = { ...node, version: '3.4.6', unit: null };
const back = { host: '10.0.0.11', port: 9050, hasTablets: true, gateTimeoutSeconds: 60 };
const move = {
  ...node,
  ...{ host: '10.0.0.11', port: 9050, unit: null, fromVersion: '3.4.6', toVersion: '3.5.0', release },
  ...{ keptVersion: '3.4.6', stopTimeoutSeconds: 60, hasTablets: true, gateTimeoutSeconds: 60 },
};
const added = { label, kind: 'BACKEND', role: null, host: '10.0.0.11', port: 9050 } as const;
const planned = {
  ...{ ...added, ...place, hostAddress: '10.0.0.11', unit: null, release },
  ...{ dataDirs: ['/data1'], ports: { heartbeat_service_port: 9050 } },
};
const watched = { label, kind: 'BACKEND', ...place, seconds: 10, factor: 3 } as const;
const staged = { label, kind: 'BACKEND', deployDir: '/opt/be', keptVersion: '3.4.6' } as const;
const onHost = { hostId: 'hst_1', address: '10.0.0.11', archiveDeployDir: '/opt/be', release };
const door = { label: 'fe 10.0.0.1:9010', host: '10.0.0.1', queryPort: 9030, rootPasswordRef: 'secret:sec_2' };
const ssh = { address: '10.0.0.11', port: 22 };
const stored = { database: 'sales', repository: 'nightly' };
const backup = {
  ...{ ...stored, kind: 'FULL' as const, objects: null, policyId: null, tier: null },
  ...{ snapshot: null, timeoutSeconds: 600 },
};
const restored = {
  place: 'BESIDE' as const,
  ...{ database: 'sales', target: 'sales__r20261128_095612', fullId: 'bak_1', chosenId: 'bak_2', tables: ['orders'] },
  ...{ replicas: 1, timeoutSeconds: 600 },
};
const dropped = { ...restored, place: 'OWN_NAMES' as const, target: 'sales' };
const cluster = { name: 'prod-eu', environment: 'prod', sqlUser: 'root', passwordRef: 'env:X', seeds: [], tls: null };

const repository = { name: 'nightly', location: 's3://backups/prod', readOnly: false };
const access = {
  ...{ endpoint: 'http://10.0.0.9:9000', region: null, pathStyle: true },
  ...{ accessKeyRef: 'secret:sec_1', secretKeyRef: 'secret:sec_2' },
};

/** One step of every kind that an operation has. */
export const stepSamples: readonly StepSpec[] = [
  tryStore.with({ ...repository, access, isMounted: false }),
  makeRepository.with({ ...repository, access, s3: { endpoint: null, region: null, pathStyle: true }, hdfs: null }),
  forgetRepository.with(repository),
  recordRepository.with({ ...repository, access }),
  lookAtRepository.with({ name: 'nightly' }),
  checkArmed.with({ policyId: 'bpl_1', name: 'nightly', contentHash: 'ab' }),
  checkNoRestore.with({}),
  countBackupObjects.with({ ...stored, snapshot: 'sales_1', backupId: 'bak_1' }),
  removeBackupObjects.with({
    ...stored,
    snapshot: 'sales_1',
    backupId: 'bak_1',
    policyId: 'bpl_1',
    because: 'Retention of nightly',
  }),
  beginBackup.with(backup),
  awaitTurn.with({ database: 'sales' }),
  chooseObjects.with(backup),
  takeBackup.with(backup),
  recordContent.with(stored),
  verifyListed.with({ ...stored, backupId: null }),
  verifyObjects.with({ ...stored, backupId: null, readGib: 1 }),
  checkGround.with(restored),
  makeTarget.with(restored),
  restoreSnapshot.with({ ...restored, side: 'full' }),
  keepPartitions.with(restored),
  verifyRestored.with(restored),
  removeCopy.with(restored),
  noteFreeNames.with(dropped),
  bringBackTables.with({ ...dropped, side: 'full' }),
  inspectCluster.with({}),
  recordCluster.with(cluster),
  forgetCluster.with({ name: 'prod-eu' }),
  saveTopology.with({}),
  changeCluster.with({ before: cluster, after: cluster }),
  recordHost.with({
    ...ssh,
    ...{ user: 'sr', privateKeyRef: null, passphraseRef: null, fingerprint: 'SHA256:x', jump: null },
  }),
  verifyHost.with({ ...ssh, nodes: [] }),
  attachNodes.with({ ...ssh, nodes: [{ nodeHost: '10.0.0.11', ...node, nodePort: 9050, unit: null }] }),
  forgetHost.with({ hostId: 'hst_1', place: '10.0.0.11:22' }),
  pinHostKey.with({ ...ssh, fingerprint: 'SHA256:x' }),
  inspectHosts.with({
    hosts: [{ hostId: 'hst_1', address: '10.0.0.11' }],
    wish: { kinds: ['BACKEND'], jdk: null, packageBytes: null, deployDirs: [], dataDirs: [], ports: [] },
  }),
  inspectUpgrade.with({ to: '3.5.0', maxRunningQueries: 1, maxBackupAgeHours: 1 }),
  verifyArchive.with({ version: '3.5.0' }),
  awaitTablets.with({ label, gateTimeoutSeconds: 60 }),
  awaitVersion.with(move),
  guardNode.with({ ...move, mates: [], workersOn: null, frontendsOn: null, swap: 'in' }),
  recordUpgrade.with({ direction: 'UPGRADE', fromVersion: '3.4.6', toVersion: '3.5.0' }),
  closeThisUpgrade.with({}),
  closeUpgrades.with({}),
  holdForPerson.with({ message: `${label} runs 3.5.0. Look at it` }),
  removeKept.with({ ...place, label }),
  noteJournal.with({}),
  createMetadataImage.with({}),
  noteProcess.with(move),
  stopForMove.with(move),
  startForMove.with(move),
  proveArchive.with({ release, source: { kind: 'PATH', location: '/releases/a.tar.gz' }, parts: ['BACKEND'] }),
  sampleQueries.with({}),
  measureBaseline.with({ seconds: 10 }),
  compareQueries.with(watched),
  soak.with(watched),
  pauseTabletScheduling.with({}),
  keepSchedulingPaused.with({ label }),
  restoreTabletScheduling.with({ leader: '10.0.0.1:9010', byFrontend: {} }),
  fetchArchive.with({ ...onHost, nodes: [staged], source: { kind: 'PATH', location: '/a' }, sizeBytes: null }),
  unpackRelease.with({ ...onHost, node: staged }),
  dropArchive.with(onHost),
  removeStaged.with({ ...place, label, release }),
  swapBinaries.with(move),
  swapBack.with(move),
  labelBackend.with({ ...node, host: '10.0.0.11', port: 9050, before: null, location: 'rack:r1' }),
  switchOffBalancing.with({ until: '2027-01-02T14:30:00.000Z', colocate: true }),
  keepBalancingOff.with({ until: '2027-01-02T14:30:00.000Z', colocate: true }),
  askForRepair.with(table),
  awaitRepaired.with({ ...table, timeoutMinutes: 240 }),
  cancelRepair.with(table),
  markReplicaBad.with(replica),
  awaitTabletWhole.with({ ...replica, timeoutMinutes: 60 }),
  awaitNode.with({
    ...{ nodeId: 'nod_1', label, kind: 'BACKEND', host: '10.0.0.11', port: 9050 },
    ...{ place: { ...place, unit: null }, version: '3.4.6-1a2b3c4', gateTimeoutSeconds: 60 },
  }),
  startNode.with(running),
  rememberStopped.with({ nodeId: 'nod_1', label }),
  stopNode.with({ ...running, graceful: true, timeoutSeconds: 60, back }),
  switchOnClusterSnapshots.with({ storageVolume: null }),
  switchOffClusterSnapshots.with({}),
  awaitClusterSnapshot.with({}),
  recordNewCluster.with({
    ...{ name: 'prod-eu', environment: 'prod', sqlUser: 'starwarden', passwordRef: 'secret:sec_1' },
    seed: { host: '10.0.0.1', port: 9030 },
  }),
  recordNewHost.with({
    ...{ ...ssh, hostId: 'hst_1', user: 'starrocks', privateKeyRef: null, passphraseRef: null },
    fingerprint: 'SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU',
  }),
  secureFirstFrontend.with({ ...door, sqlUser: 'starwarden', passwordRef: 'secret:sec_1' }),
  tryCluster.with({ ...door, replicas: 3 }),
  forgetRootPassword.with({ rootPasswordRef: 'secret:sec_2' }),
  checkHoldsNothing.with({ name: 'prod-eu' }),
  claimPlace.with(planned),
  installNode.with(planned),
  writeConf.with({ ...planned, conf: 'mem_limit = 80%' }),
  writeUnit.with({ ...planned, unit: 'starrocks-be.service', text: '[Unit]' }),
  removeUnit.with({ ...planned, unit: 'starrocks-be.service' }),
  startNewNode.with({ ...planned, helper: null, hostType: 'IP', isAlone: false }),
  awaitProcess.with({ ...planned, steadySeconds: 3 }),
  endNewNode.with({ ...planned, isAlone: false, isThrownAway: false }),
  removeInstalled.with({ ...planned, isAlone: false, isThrownAway: false }),
  addToCluster.with(added),
  awaitJoined.with({ ...added, version: null, place: null, timeoutSeconds: 60 }),
  decommissionAdded.with(added),
  dropFromCluster.with(added),
  noteLeaving.with(leaving),
  drainBackend.with({
    ...leaving,
    ...{
      backendId: '10004',
      together: ['10.0.0.11:9050'],
      marginPercent: 20,
      acceptFewerDomains: false,
      acceptOtherMedium: false,
    },
    ...{ timeoutSeconds: 60, stallAfterSeconds: 60 },
  }),
  cancelDrain.with(leaving),
  dropDrained.with(leaving),
  stopRemoved.with({ ...leaving, timeoutSeconds: 60 }),
  dropFrontend.with({ ...leaving, votersLeft: 2 }),
  deleteNodeData.with({
    ...{ removedNodeId: 'rmn_1', label, kind: 'BACKEND', host: '10.0.0.11', port: 9050, ...place },
    ...{ hostAddress: '10.0.0.11', dataDirs: ['/data1/sr'], alsoBinaries: false },
    dirs: [{ path: '/data1/sr', what: 'data', identity: 'cluster 1, sum 00', files: 3, bytes: 1024 }],
  }),
  handOverLeadership.with({ ...leaving, timeoutSeconds: 60 }),
  awaitIdle.with({ ...leaving, queryWaitSeconds: 60 }),
  stopComputeNode.with({ ...leaving, together: [], timeoutSeconds: 60 }),
  dropComputeNode.with({ ...leaving, together: [] }),
];

/** The sample of this kind. */
export function sampleOf(kind: string): StepSpec {
  const found = stepSamples.find((sample) => sample.kind === kind);
  if (found === undefined) throw new Error(`test/helpers/step-samples.ts has no step of the kind ${kind}`);
  return found;
}
