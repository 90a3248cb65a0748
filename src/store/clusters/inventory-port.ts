import type { Inventory } from '../../domain/inventory.ts';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, inTransaction } from '../database.ts';
import { toJson } from '../json.ts';
import { upgradesToFinalize } from '../reads/upgrades.ts';
import { forgetReplacedSecrets } from '../secrets/secrets.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { findRelease } from '../upgrades/releases.ts';
import { finalizeUpgrades, forbidUndo, listOpenUpgrades, recordUpgrade } from '../upgrades/upgrades.ts';
import { toCluster, toHost, toNode, toReport } from './cluster-rows.ts';
import {
  changeCluster,
  deleteCluster,
  deleteHost,
  findBackupOfRun,
  findCluster,
  findClusterByName,
  insertCluster,
  listHosts,
  listNodes,
} from './inventory.ts';
import { saveTopology } from './topology.ts';

/** The inventory that steps and plans use, on MySQL. */
export function makeInventory(db: Database): Inventory {
  return {
    findCluster: (id) => findCluster(db, id),
    findClusterByName: (name) => findClusterByName(db, name),
    findClusterByFrontend: async ({ host, port, exceptId }) => {
      const row = await db
        .selectFrom('cluster_node')
        .innerJoin('cluster', 'cluster.id', 'cluster_node.cluster_id')
        .selectAll('cluster')
        .where('cluster_node.kind', '=', 'FRONTEND')
        .where('cluster_node.host', '=', host)
        .where('cluster_node.port', '=', port)
        .$if(exceptId !== undefined, (query) => query.where('cluster.id', '<>', exceptId ?? ''))
        .executeTakeFirst();
      return row === undefined ? null : toCluster(row);
    },
    addCluster: (cluster) => insertCluster(db, cluster),
    changeCluster: (cluster) => changeCluster(db, cluster),
    removeCluster: (id) => deleteCluster(db, id),
    listNodes: (clusterId) => listNodes(db, clusterId),
    findNode: async (id) => {
      const row = await db.selectFrom('cluster_node').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toNode(row);
    },
    saveTopology: (clusterId, topology) => saveTopology(db, clusterId, topology),
    listHosts: (clusterId) => listHosts(db, clusterId),
    findHost: async (id) => {
      const row = await db.selectFrom('host').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : toHost(row);
    },
    findHostByAddress: async (clusterId, address, port) => {
      const row = await db
        .selectFrom('host')
        .selectAll()
        .where('cluster_id', '=', clusterId)
        .where('address', '=', address)
        .where('port', '=', port)
        .executeTakeFirst();
      return row === undefined ? null : toHost(row);
    },
    saveHost: async (host) => {
      const columns = {
        user: host.user,
        auth: toJson(host.auth),
        host_key_fingerprint: host.hostKeyFingerprint,
        jump_host_id: host.jumpHostId,
      };
      await inTransaction(db, async (tx) => {
        const before = await tx
          .selectFrom('host')
          .selectAll()
          .where('cluster_id', '=', host.clusterId)
          .where('address', '=', host.address)
          .where('port', '=', host.port)
          .executeTakeFirst();
        await tx
          .insertInto('host')
          .values({
            id: host.id,
            cluster_id: host.clusterId,
            address: host.address,
            port: host.port,
            ...columns,
            ssh: null,
            sudo: null,
            problem: null,
            created_at: databaseNow,
          })
          .onDuplicateKeyUpdate({ ...columns, ssh: null, sudo: null, problem: null })
          .execute();
        if (before !== undefined) await forgetReplacedSecrets(tx, host.clusterId, toHost(before).auth);
      });
    },
    removeHost: (id) => deleteHost(db, id),
    saveHostFacts: async (id, facts) => {
      const sudo = facts.sudo === null ? null : facts.sudo ? 1 : 0;
      await db.updateTable('host').set({ ssh: facts.ssh, sudo, problem: facts.problem }).where('id', '=', id).execute();
    },
    attachNode: async (nodeId, place) => {
      await db
        .updateTable('cluster_node')
        .set({ host_id: place.hostId, deploy_dir: place.deployDir, unit: place.unit })
        .where('id', '=', nodeId)
        .execute();
    },
    findPinnedKey: async (clusterId, address, port) => {
      const row = await db
        .selectFrom('host_key')
        .select('fingerprint')
        .where('cluster_id', '=', clusterId)
        .where('address', '=', address)
        .where('port', '=', port)
        .executeTakeFirst();
      return row?.fingerprint ?? null;
    },
    pinHostKey: async (clusterId, { address, port, fingerprint }) => {
      // Both or none: a key that is pinned while the host's row names the old one would look done, and lock us out.
      await inTransaction(db, async (tx) => {
        await tx
          .insertInto('host_key')
          .values({ cluster_id: clusterId, address, port, fingerprint, pinned_at: databaseNow })
          .onDuplicateKeyUpdate({ fingerprint, pinned_at: databaseNow })
          .execute();
        await tx
          .updateTable('host')
          .set({ host_key_fingerprint: fingerprint })
          .where('cluster_id', '=', clusterId)
          .where('address', '=', address)
          .where('port', '=', port)
          .execute();
      });
    },
    findReport: async (runId) => {
      const row = await db.selectFrom('check_report').selectAll().where('run_id', '=', runId).executeTakeFirst();
      return row === undefined ? null : toReport(row);
    },
    saveReport: async ({ clusterId, runId, checks }) => {
      await db
        .insertInto('check_report')
        .values({ id: newId('rep'), cluster_id: clusterId, run_id: runId, at: databaseNow, checks: toJson(checks) })
        .onDuplicateKeyUpdate({ checks: toJson(checks), at: databaseNow })
        .execute();
    },
    findBackup: (runId) => findBackupOfRun(db, runId),
    newestBackupAt: async (clusterId) => {
      const row = await db
        .selectFrom('backup')
        .select((column) => column.fn.max('verified_at').as('newest'))
        .where('cluster_id', '=', clusterId)
        .executeTakeFirst();
      return row?.newest ?? null;
    },
    addBackup: async (backup) => {
      try {
        await db
          .insertInto('backup')
          .values({
            id: backup.id,
            cluster_id: backup.clusterId,
            run_id: backup.runId,
            database_name: backup.database,
            repository: backup.repository,
            snapshot: backup.snapshot,
            backup_timestamp: null,
            started_at: databaseNow,
            verified_at: null,
          })
          .execute();
      } catch (error) {
        if (!isDuplicateKey(error)) throw error; // the row of this run is there: a repeat after a crash
      }
    },
    completeBackup: async (runId, found) => {
      await db
        .updateTable('backup')
        .set({ backup_timestamp: found.backupTimestamp, verified_at: databaseNow })
        .where('run_id', '=', runId)
        .execute();
    },
    findRelease: (version) => findRelease(db, version),
    recordUpgrade: (upgrade) => recordUpgrade(db, upgrade),
    listOpenUpgrades: (clusterId) => listOpenUpgrades(db, clusterId),
    listUpgradesToFinalize: (clusterId) => upgradesToFinalize(db, clusterId),
    forbidUndo: (clusterId, reason) => forbidUndo(db, clusterId, reason),
    finalizeUpgrades: (clusterId, runId) => finalizeUpgrades(db, clusterId, runId),
  };
}
