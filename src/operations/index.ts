import { backUpCatalogs } from './backup/back-up-catalogs/back-up-catalogs.ts';
import { backUpDatabase } from './backup/back-up-database/back-up-database.ts';
import { checkRepository } from './backup/check-repository/check-repository.ts';
import { createRepository } from './backup/create-repository/create-repository.ts';
import { deleteBackup } from './backup/delete-backup/delete-backup.ts';
import { dropRepository } from './backup/drop-repository/drop-repository.ts';
import { pruneBackups } from './backup/prune-backups/prune-backups.ts';
import { runBackupPolicy } from './backup/run-backup-policy/run-backup-policy.ts';
import { setClusterSnapshots } from './backup/set-cluster-snapshots/set-cluster-snapshots.ts';
import { takeOverRepository } from './backup/take-over-repository/take-over-repository.ts';
import { verifyBackup } from './backup/verify-backup/verify-backup.ts';
import { adoptCluster } from './cluster/adopt-cluster/adopt-cluster.ts';
import { checkCluster } from './cluster/check-cluster/check-cluster.ts';
import { refreshCluster } from './cluster/refresh-cluster/refresh-cluster.ts';
import { registerCluster } from './cluster/register-cluster/register-cluster.ts';
import { unregisterCluster } from './cluster/unregister-cluster/unregister-cluster.ts';
import { updateCluster } from './cluster/update-cluster/update-cluster.ts';
import type { AnyOperation } from './define.ts';
import { acceptHostKey } from './host/accept-host-key/accept-host-key.ts';
import { attachHosts } from './host/attach-hosts/attach-hosts.ts';
import { checkHosts } from './host/check-hosts/check-hosts.ts';
import { detachHost } from './host/detach-host/detach-host.ts';
import { restartNode } from './node/restart-node/restart-node.ts';
import { rollingRestart } from './node/rolling-restart/rolling-restart.ts';
import { setNodeLocation } from './node/set-node-location/set-node-location.ts';
import { startNodes } from './node/start-nodes/start-nodes.ts';
import { stopNodes } from './node/stop-nodes/stop-nodes.ts';
import { restoreDatabase } from './restore/restore-database/restore-database.ts';
import { restoreDroppedTables } from './restore/restore-dropped-tables/restore-dropped-tables.ts';
import { restoreTables } from './restore/restore-tables/restore-tables.ts';
import { pauseBalancing } from './tablet/pause-balancing/pause-balancing.ts';
import { repairTable } from './tablet/repair-table/repair-table.ts';
import { setReplicaBad } from './tablet/set-replica-bad/set-replica-bad.ts';
import { addBackends } from './topology/add-backends/add-backends.ts';
import { addComputeNodes } from './topology/add-compute-nodes/add-compute-nodes.ts';
import { addFrontends } from './topology/add-frontends/add-frontends.ts';
import { addRunningNodes } from './topology/add-running-nodes/add-running-nodes.ts';
import { cancelDecommission } from './topology/cancel-decommission/cancel-decommission.ts';
import { decommissionBackends } from './topology/decommission-backends/decommission-backends.ts';
import { deployCluster } from './topology/deploy-cluster/deploy-cluster.ts';
import { dropFrontends } from './topology/drop-frontends/drop-frontends.ts';
import { purgeNodeData } from './topology/purge-node-data/purge-node-data.ts';
import { removeComputeNodes } from './topology/remove-compute-nodes/remove-compute-nodes.ts';
import { moveNode } from './topology/replace/move-node.ts';
import { replaceBackend } from './topology/replace/replace-backend.ts';
import { replaceFrontend } from './topology/replace/replace-frontend.ts';
import { checkUpgrade } from './upgrade/check-upgrade/check-upgrade.ts';
import { downgradeCluster } from './upgrade/downgrade-cluster/downgrade-cluster.ts';
import { finalizeUpgrade } from './upgrade/finalize-upgrade/finalize-upgrade.ts';
import { upgradeCluster } from './upgrade/upgrade-cluster/upgrade-cluster.ts';

/** Every operation there is. Adding one takes its folder, one line here and one test. */
export const operations: readonly AnyOperation[] = [
  registerCluster,
  adoptCluster,
  deployCluster,
  attachHosts,
  acceptHostKey,
  refreshCluster,
  checkCluster,
  checkHosts,
  checkUpgrade,
  backUpDatabase,
  backUpCatalogs,
  pruneBackups,
  deleteBackup,
  verifyBackup,
  restoreTables,
  restoreDatabase,
  restoreDroppedTables,
  runBackupPolicy,
  restartNode,
  setNodeLocation,
  replaceBackend,
  replaceFrontend,
  moveNode,
  pauseBalancing,
  repairTable,
  setReplicaBad,
  rollingRestart,
  stopNodes,
  startNodes,
  upgradeCluster,
  downgradeCluster,
  finalizeUpgrade,
  decommissionBackends,
  cancelDecommission,
  removeComputeNodes,
  purgeNodeData,
  dropFrontends,
  detachHost,
  updateCluster,
  unregisterCluster,
  setClusterSnapshots,
  createRepository,
  takeOverRepository,
  dropRepository,
  checkRepository,
  addBackends,
  addComputeNodes,
  addFrontends,
  addRunningNodes,
];
