import type { InventoryRecord } from '../domain/inventory.ts';
import { AppError } from '../errors.ts';
import { adoptBackups } from './backups/adopt.ts';
import { saveCheck } from './backups/checks.ts';
import { beginDeleting, chooseBackup, endBackup, endDeleting, insertBackup } from './backups/write-backups.ts';
import {
  forgetRepositories,
  removeRepository,
  saveRepository,
  saveRepositoryCheck,
} from './backups/write-repositories.ts';
import { deleteHost, pinHostKey, saveHost, saveHostFacts } from './clusters/hosts.ts';
import { attachNode, changeCluster, deleteCluster, insertCluster, placeNode } from './clusters/inventory.ts';
import { markPurged, saveRemovedNode } from './clusters/removed-nodes.ts';
import { saveReport } from './clusters/reports.ts';
import { markStarted, markStopped } from './clusters/stopped-nodes.ts';
import { replaceTopology } from './clusters/topology.ts';
import type { Tx } from './database.ts';
import { readRun } from './runs/runs.ts';
import { findSlotOfRun } from './schedules/firings.ts';
import { deleteSchedulesOf } from './schedules/schedules.ts';
import { deleteSecret } from './secrets/secrets.ts';
import { finalizeUpgrades, forbidUndo, recordUpgrade } from './upgrades/upgrades.ts';

/** The run that records, and the cluster it is about. */
export type RecordedBy = { readonly runId: string; readonly clusterId: string };

/**
 * Writes what a step answered as records, in the transaction of its journal entry. The ids of run and cluster come from
 * `by`, never from the step.
 */
export async function writeRecords(tx: Tx, by: RecordedBy, records: readonly InventoryRecord[]): Promise<void> {
  for (const record of records) await writeRecord(tx, by, record);
}

async function writeRecord(tx: Tx, { runId, clusterId }: RecordedBy, record: InventoryRecord): Promise<void> {
  switch (record.record) {
    case 'clusterAdded':
      return insertCluster(tx, { ...record.cluster, id: clusterId });
    case 'clusterChanged':
      return changeCluster(tx, { ...record.cluster, id: clusterId });
    case 'clusterRemoved':
      await deleteSchedulesOf(tx, clusterId);
      await forgetRepositories(tx, clusterId);
      return deleteCluster(tx, clusterId);
    case 'topologySeen':
      if (await replaceTopology(tx, clusterId, record.topology)) return;
      throw new AppError('NOT_FOUND', 'The cluster was unregistered meanwhile', { hint: 'Register it again.' });
    case 'hostSaved':
      return saveHost(tx, { ...record.host, clusterId });
    case 'hostRemoved':
      return deleteHost(tx, { id: record.hostId, clusterId });
    case 'hostVerified':
      return saveHostFacts(tx, { id: record.hostId, clusterId }, record.facts);
    case 'nodeAttached':
      return attachNode(tx, { id: record.nodeId, clusterId }, record.place);
    case 'nodePlaced':
      return placeNode(tx, { ...record.node, clusterId }, record.place);
    case 'nodeStopped':
      return markStopped(tx, { clusterId, run: await readRun(tx, runId) }, record);
    case 'nodeStarted':
      return markStarted(tx, { id: record.nodeId, clusterId });
    case 'nodeRemoved':
      return saveRemovedNode(tx, { clusterId, runId }, record.node);
    case 'nodePurged':
      return markPurged(tx, { id: record.removedNodeId, clusterId });
    case 'secretSpent':
      return deleteSecret(tx, record.ref);
    case 'hostKeyPinned':
      return pinHostKey(tx, { ...record.key, clusterId });
    case 'reportMade':
      return saveReport(tx, { clusterId, runId, checks: record.checks });
    case 'backupBegun':
      return insertBackup(tx, { ...record.backup, clusterId, runId, scheduledFor: await findSlotOfRun(tx, runId) });
    case 'backupChosen':
      return chooseBackup(tx, { id: record.backupId, clusterId }, record.chosen);
    case 'backupEnded':
      return endBackup(tx, { id: record.backupId, clusterId }, record.ended);
    case 'backupChecked':
      return saveCheck(tx, { id: record.backupId, clusterId, runId }, record);
    case 'backupDeleting':
      return beginDeleting(tx, { id: record.backupId, clusterId, runId }, record.because);
    case 'backupDeleted':
      return endDeleting(tx, { id: record.backupId, clusterId, runId }, record.because);
    case 'backupsAdopted':
      return adoptBackups(tx, { clusterId, origin: record.origin });
    case 'repositorySaved':
      return saveRepository(tx, clusterId, record);
    case 'repositoryChecked':
      return saveRepositoryCheck(tx, { clusterId, name: record.name }, record);
    case 'repositoryRemoved':
      return removeRepository(tx, { clusterId, name: record.name });
    case 'upgradeBegun':
      return recordUpgrade(tx, { ...record.upgrade, clusterId, runId });
    case 'undoForbidden':
      return forbidUndo(tx, clusterId, record.reason);
    case 'upgradesClosed':
      return finalizeUpgrades(tx, clusterId, record.of === 'run' ? runId : undefined);
    default:
      return record satisfies never;
  }
}
