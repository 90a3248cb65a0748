import type { Host, HostAuth } from '../../domain/cluster.ts';
import type { NewHost } from '../../domain/inventory.ts';
import { databaseNow, type Queryable, type Reader, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { deleteSecret } from '../secrets/secrets.ts';
import { toHost } from './cluster-rows.ts';

export async function listHosts(db: Reader, clusterId: string): Promise<readonly Host[]> {
  const rows = await db
    .selectFrom('host')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .orderBy('address')
    .orderBy('port')
    .execute();
  return rows.map(toHost);
}

export async function findHost(db: Reader, id: string): Promise<Host | null> {
  const row = await db.selectFrom('host').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toHost(row);
}

type Address = { readonly clusterId: string; readonly address: string; readonly port: number };

export async function findHostByAddress(db: Reader, { clusterId, address, port }: Address): Promise<Host | null> {
  const row = await db
    .selectFrom('host')
    .selectAll()
    .where('cluster_id', '=', clusterId)
    .where('address', '=', address)
    .where('port', '=', port)
    .executeTakeFirst();
  return row === undefined ? null : toHost(row);
}

/** Writes how to log in to a host, found by its address; what was known from an earlier login is forgotten. */
export async function saveHost(tx: Tx, host: NewHost): Promise<void> {
  const columns = {
    user: host.user,
    auth: toJson(host.auth),
    host_key_fingerprint: host.hostKeyFingerprint,
    jump_host_id: host.jumpHostId,
  };
  const before = await findHostByAddress(tx, host);
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
  if (before !== null) await forgetReplacedSecrets(tx, host.clusterId, before.auth);
}

export async function saveHostFacts(
  db: Queryable,
  { id, clusterId }: { id: string; clusterId: string },
  facts: Pick<Host, 'ssh' | 'sudo' | 'problem'>,
): Promise<void> {
  const sudo = facts.sudo === null ? null : facts.sudo ? 1 : 0;
  await db
    .updateTable('host')
    .set({ ssh: facts.ssh, sudo, problem: facts.problem })
    .where('id', '=', id)
    .where('cluster_id', '=', clusterId)
    .execute();
}

/** Destroys the secrets of a login that was replaced, as far as no other host of the cluster logs in with them. */
async function forgetReplacedSecrets(tx: Tx, clusterId: string, replaced: HostAuth): Promise<void> {
  const used = new Set((await listHosts(tx, clusterId)).flatMap(({ auth }) => secretsOf(auth)));
  for (const ref of secretsOf(replaced).filter((each) => !used.has(each))) await deleteSecret(tx, ref);
}

function secretsOf(auth: HostAuth): readonly string[] {
  return auth.kind === 'agent' ? [] : [auth.privateKeyRef, auth.passphraseRef].filter((ref) => ref !== null);
}

/** Forgets a host: its login, its pinned key, and that nodes run there. */
export async function deleteHost(tx: Tx, { id, clusterId }: { id: string; clusterId: string }): Promise<void> {
  const host = await findHost(tx, id);
  if (host === null || host.clusterId !== clusterId) return;
  await tx
    .updateTable('cluster_node')
    .set({ host_id: null, deploy_dir: null, unit: null })
    .where('host_id', '=', id)
    .execute();
  await tx
    .deleteFrom('host_key')
    .where('cluster_id', '=', host.clusterId)
    .where('address', '=', host.address)
    .where('port', '=', host.port)
    .execute();
  await tx.deleteFrom('host').where('id', '=', id).execute();
  await forgetReplacedSecrets(tx, host.clusterId, host.auth);
}

export async function findPinnedKey(db: Reader, { clusterId, address, port }: Address): Promise<string | null> {
  const row = await db
    .selectFrom('host_key')
    .select('fingerprint')
    .where('cluster_id', '=', clusterId)
    .where('address', '=', address)
    .where('port', '=', port)
    .executeTakeFirst();
  return row?.fingerprint ?? null;
}

/**
 * Writes both tables or none: if the new key were pinned while the host's row names the old one, the step would look
 * done, and Starwarden could not log in.
 */
export async function pinHostKey(tx: Tx, key: Address & { readonly fingerprint: string }): Promise<void> {
  const { clusterId, address, port, fingerprint } = key;
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
}
