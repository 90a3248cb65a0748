import { z } from 'zod';
import type { Actor } from '../../domain/access.ts';
import type { JsonObject } from '../../domain/json.ts';
import { openRunStates } from '../../domain/run.ts';
import type { Release } from '../../domain/upgrade/release.ts';
import { isSameRelease } from '../../domain/version.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, databaseNow, inTransaction, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { catalogueName, findRelease } from '../reads/releases.ts';
import { listRuns } from '../reads/runs.ts';
import { wholeList } from '../reads/visibility.ts';
import { isDuplicateKey } from '../store-errors.ts';

const namingOperations: readonly string[] = ['checkUpgrade', 'upgradeCluster', 'downgradeCluster'];
const namesRelease = z.object({ to: z.string() });

export type NewRelease = Omit<Release, 'id' | 'registeredAt' | 'registeredByName'>;

type ChangedBy = { readonly actor: Actor; readonly requestId: string | null };

/** Adds a release to the catalogue. Throws `ALREADY_EXISTS` when the version has one. */
export async function insertRelease(db: Database, release: NewRelease, by: ChangedBy): Promise<Release> {
  const id = newId('rel');
  const version = catalogueName(release.version);
  try {
    return await inTransaction(db, async (tx) => {
      await tx
        .insertInto('release')
        .values({
          id,
          version,
          source_kind: release.source.kind,
          location: release.source.location,
          sha256: release.sha256,
          size_bytes: release.sizeBytes,
          contents: toJson([...release.contents]),
          minimum_jdk: release.minimumJdk,
          registered_at: databaseNow,
          registered_by_id: by.actor.id,
          registered_by_name: by.actor.name,
        })
        .execute();
      const { source, sha256 } = release;
      await audit(tx, by, { action: 'registerRelease', version, detail: { ...source, sha256 } });
      return readRelease(tx, version);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `There is a release ${version} already`, {
      hint: 'Remove it first if its archive was replaced.',
      path: ['input', 'version'],
      cause: error,
    });
  }
}

/** Takes a release out of the catalogue, unless a run that is not over was asked for with it. Throws `NOT_FOUND`. */
export async function deleteRelease(db: Database, text: string, by: ChangedBy): Promise<Release> {
  return inTransaction(db, async (tx) => {
    const release = await readRelease(tx, text);
    const user = await findRunThatUses(tx, release.version);
    if (user !== null) {
      throw new AppError('PRECONDITION_FAILED', `R-${user} is not over and uses ${release.version}`, {
        hint: 'Wait for it, or cancel it.',
        path: ['version'],
      });
    }
    await tx.deleteFrom('release').where('id', '=', release.id).execute();
    await audit(tx, by, { action: 'removeRelease', version: release.version, detail: { sha256: release.sha256 } });
    return release;
  });
}

async function readRelease(tx: Tx, text: string): Promise<Release> {
  const release = await findRelease(tx, text);
  if (release !== null) return release;
  throw new AppError('NOT_FOUND', 'There is no such release in the catalogue', {
    hint: 'The query releases lists them.',
    path: ['version'],
  });
}

/** The number of a run that is not over and was asked to take a cluster to this version. */
async function findRunThatUses(tx: Tx, version: string): Promise<number | null> {
  const open = await listRuns(tx, { visibility: 'everywhere', filter: { states: openRunStates }, page: wholeList });
  const user = open.find(({ operation, input }) => {
    const named = namesRelease.safeParse(input);
    return namingOperations.includes(operation) && named.success && isSameRelease(named.data.to, version);
  });
  return user?.number ?? null;
}

function audit(tx: Tx, by: ChangedBy, what: { action: string; version: string; detail: JsonObject }) {
  const { version: subject, ...rest } = what;
  return insertAudit(tx, { ...by, ...rest, subject, outcome: 'DONE', clusterId: null, runId: null });
}
