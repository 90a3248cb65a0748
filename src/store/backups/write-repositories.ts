import type { NewRepository } from '../../domain/inventory.ts';
import { newId } from '../../ids.ts';
import { databaseNow, type Queryable, type Tx } from '../database.ts';
import { toJsonOrNull } from '../json.ts';
import { deleteSecret } from '../secrets/secrets.ts';
import { findRepository } from './repository-rows.ts';

type Named = { readonly clusterId: string; readonly name: string };

/** Puts a repository under management, or says anew how it is reached; who made it first stays. */
export async function saveRepository(
  tx: Tx,
  clusterId: string,
  { repository, spent }: { repository: NewRepository; spent: readonly string[] },
): Promise<void> {
  const { name, location, kind, readOnly, origin, access } = repository;
  const before = await findRepository(tx, clusterId, name);
  const said = { location, kind, read_only: readOnly ? 1 : 0, access: toJsonOrNull(access) };
  if (before === null) {
    const row = { id: newId('rpy'), cluster_id: clusterId, name, origin, created_at: databaseNow, ...said };
    await tx.insertInto('repository').values(row).execute();
  } else {
    await tx.updateTable('repository').set(said).where('id', '=', before.id).execute();
  }
  const kept = access === null ? [] : [access.accessKeyRef, access.secretKeyRef];
  const replaced = before?.access == null ? [] : [before.access.accessKeyRef, before.access.secretKeyRef];
  for (const ref of [...replaced, ...spent].filter((each) => !kept.includes(each))) await deleteSecret(tx, ref);
}

/** Forgets it and destroys its keys. */
export async function removeRepository(tx: Tx, { clusterId, name }: Named): Promise<void> {
  const before = await findRepository(tx, clusterId, name);
  if (before === null) return;
  if (before.access !== null)
    for (const ref of [before.access.accessKeyRef, before.access.secretKeyRef]) await deleteSecret(tx, ref);
  await tx.deleteFrom('repository').where('id', '=', before.id).execute();
}

export type RepositoryFinding = {
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** Null = not measured now; what was measured before stays. */
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
};

/** Keeps what was found of it. A problem of the same code goes on since the time it was first found. */
export async function saveRepositoryCheck(
  db: Queryable,
  { clusterId, name }: Named,
  found: RepositoryFinding,
): Promise<void> {
  const { problem, usedBytes, freeBytes } = found;
  const before = await findRepository(db, clusterId, name);
  if (before === null) return;
  const goesOn = problem !== null && before.problem?.code === problem.code;
  await db
    .updateTable('repository')
    .set({
      checked_at: databaseNow,
      problem: problem?.message.slice(0, 2_000) ?? null,
      problem_code: problem?.code ?? null,
      ...(problem === null ? { problem_since: null } : goesOn ? {} : { problem_since: databaseNow }),
      ...(usedBytes === null ? {} : { used_bytes: usedBytes }),
      ...(freeBytes === null ? {} : { free_bytes: freeBytes }),
    })
    .where('id', '=', before.id)
    .execute();
}

/** Forgets those of a cluster that is forgotten; their keys go with all its secrets. */
export async function forgetRepositories(tx: Tx, clusterId: string): Promise<void> {
  await tx.deleteFrom('repository').where('cluster_id', '=', clusterId).execute();
}
