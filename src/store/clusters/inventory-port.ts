import type { Inventory } from '../../domain/inventory.ts';
import { newestBackupAt } from '../backups/backups.ts';
import type { Reader } from '../database.ts';
import { listOpenChanges } from '../reads/open-changes.ts';
import { findRelease } from '../reads/releases.ts';
import { listStoppedNodes } from '../reads/stopped-nodes.ts';
import { upgradesToFinalize } from '../reads/upgrades.ts';
import { listOpenUpgrades } from '../upgrades/upgrades.ts';
import { findHost, findHostByAddress, findPinnedKey, listHosts } from './hosts.ts';
import {
  findCluster,
  findClusterByFrontend,
  findClusterByName,
  findNode,
  listNeighbours,
  listNodes,
  listNodesAt,
} from './inventory.ts';
import { listRemovedNodes } from './removed-nodes.ts';
import { findReportOfRun } from './reports.ts';

/** The inventory that steps and plans use, on MySQL. Given a `Reader`, so that it cannot write. */
export function makeInventory(db: Reader): Inventory {
  return {
    findCluster: (id) => findCluster(db, id),
    findClusterByName: (name) => findClusterByName(db, name),
    findClusterByFrontend: (frontend) => findClusterByFrontend(db, frontend),
    listNodes: (clusterId) => listNodes(db, clusterId),
    findNode: (id) => findNode(db, id),
    listNodesAt: (addresses) => listNodesAt(db, addresses),
    listNeighbours: (of) => listNeighbours(db, of),
    listRemovedNodes: (clusterId) => listRemovedNodes(db, clusterId),
    listStoppedNodes: (clusterId) => listStoppedNodes(db, clusterId),
    listOpenChanges: (of) => listOpenChanges(db, of),
    listHosts: (clusterId) => listHosts(db, clusterId),
    findHost: (id) => findHost(db, id),
    findHostByAddress: (clusterId, address, port) => findHostByAddress(db, { clusterId, address, port }),
    findPinnedKey: (clusterId, address, port) => findPinnedKey(db, { clusterId, address, port }),
    findReport: (runId) => findReportOfRun(db, runId),
    newestBackupAt: (clusterId) => newestBackupAt(db, clusterId),
    findRelease: (version) => findRelease(db, version),
    listOpenUpgrades: (clusterId) => listOpenUpgrades(db, clusterId),
    listUpgradesToFinalize: (clusterId) => upgradesToFinalize(db, clusterId),
  };
}
