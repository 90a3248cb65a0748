import { readFile } from 'node:fs/promises';
import { type SealingKeys, seal, unseal } from '../../domain/sealing.ts';
import { AppError } from '../../errors.ts';
import { type Database, databaseNow, type Queryable, type Tx } from '../database.ts';

/** A secret as it came in: by reference, or its value. */
export type SecretSource =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly value: string };

/** A secret that has an id but is not stored yet; it is written in the transaction that creates the run. */
export type PendingSecret = { readonly id: string; readonly source: SecretSource };

export type SecretSettings = {
  readonly keys: SealingKeys;
  /** Only environment variables with this prefix may be named, so that nobody can send Starwarden's own secrets to a host of theirs. */
  readonly envPrefix: string;
  /** Only files below this directory may be named, for the same reason. */
  readonly directory: string;
  readonly readEnv: (name: string) => string | undefined;
};

/**
 * Reads how a secret is given: `env:NAME`, `file:/path`, `inline:value`, or the value itself.
 * Throws `INVALID_INPUT` for a name or path outside of what the settings allow.
 */
export function parseSecret(text: string, settings: SecretSettings): SecretSource {
  if (text.startsWith('env:')) {
    const name = text.slice(4);
    if (!name.startsWith(settings.envPrefix) || !/^[A-Z][A-Z0-9_]*$/.test(name)) {
      throw new AppError('INVALID_INPUT', `A secret's environment variable must begin with ${settings.envPrefix}`, {
        hint: `Name one such as env:${settings.envPrefix}PROD_PASSWORD, or change STARWARDEN_SECRET_ENV_PREFIX.`,
      });
    }
    return { kind: 'env', name };
  }
  if (text.startsWith('file:')) {
    const path = text.slice(5);
    if (!path.startsWith(`${settings.directory}/`) || path.split('/').includes('..')) {
      throw new AppError('INVALID_INPUT', `A secret's file must lie below ${settings.directory}`, {
        hint: 'Mount it there, or change STARWARDEN_SECRET_DIR.',
      });
    }
    return { kind: 'file', path };
  }
  return { kind: 'inline', value: text.startsWith('inline:') ? text.slice(7) : text };
}

/** Stores secrets; values are sealed, references kept as they are. */
export async function insertSecrets(
  db: Queryable,
  secrets: readonly PendingSecret[],
  place: { clusterId: string; keys: SealingKeys },
): Promise<void> {
  for (const { id, source } of secrets) {
    const sealed = source.kind === 'inline' ? seal(source.value, place.keys, id) : null;
    await db
      .insertInto('secret')
      .values({
        id,
        cluster_id: place.clusterId,
        kind: source.kind,
        content: sealed?.text ?? (source.kind === 'env' ? source.name : source.kind === 'file' ? source.path : ''),
        key_id: sealed?.keyId ?? null,
        changed_at: databaseNow,
      })
      .execute();
  }
}

export async function deleteSecret(tx: Tx, ref: string): Promise<void> {
  await tx
    .deleteFrom('secret')
    .where('id', '=', ref.replace(/^secret:/, ''))
    .execute();
}

/** Destroys all secrets that belong to a cluster, because the cluster is forgotten or was never registered. */
export async function forgetSecretsOf(tx: Tx, clusterId: string): Promise<void> {
  await tx.deleteFrom('secret').where('cluster_id', '=', clusterId).execute();
}

/** The value of a source. Throws `CREDENTIAL_MISSING` when the variable or file is not there. */
export async function resolveSource(source: SecretSource, settings: SecretSettings): Promise<string> {
  switch (source.kind) {
    case 'inline':
      return source.value;
    case 'env': {
      const value = settings.readEnv(source.name);
      if (value !== undefined) return value;
      throw new AppError('CREDENTIAL_MISSING', `The environment variable ${source.name} is not set`, {
        hint: 'Set it for the Starwarden process.',
      });
    }
    case 'file':
      try {
        return (await readFile(source.path, 'utf8')).replace(/\r?\n$/, '');
      } catch (cause) {
        throw new AppError('CREDENTIAL_MISSING', `The secret file ${source.path} cannot be read`, {
          hint: 'Mount it for the Starwarden process.',
          cause,
        });
      }
    default:
      return source satisfies never;
  }
}

/** The value behind a reference (`secret:sec_…`). Never log or store what this returns. */
export async function resolveSecret(db: Database, ref: string, settings: SecretSettings): Promise<string> {
  const id = ref.replace(/^secret:/, '');
  const row = await db.selectFrom('secret').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined)
    throw new AppError('CREDENTIAL_MISSING', 'The stored secret is gone', { hint: 'Give the secret again.' });
  if (row.kind === 'env') return resolveSource({ kind: 'env', name: row.content }, settings);
  if (row.kind === 'file') return resolveSource({ kind: 'file', path: row.content }, settings);
  return unseal({ text: row.content, keyId: row.key_id ?? '' }, settings.keys, id);
}
