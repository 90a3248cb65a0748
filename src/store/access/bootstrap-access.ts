import { type Role, systemActor } from '../../domain/access.ts';
import type { Person } from '../../domain/person.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { type Database, databaseNow, inTransaction, type Queryable } from '../database.ts';
import { toPerson } from './access-rows.ts';
import { insertAudit } from './audit.ts';
import { hashToken } from './token-hash.ts';

export type BootstrapToken = { readonly owner: string; readonly role: Role; readonly token: string };

/**
 * Makes the people and tokens that the configuration names, once; at the next start nothing changes. What somebody took
 * away meanwhile stays away: a revoked token is not made valid again, and a person who was shut out is not let in again.
 * Several processes may do this at once. Throws `ALREADY_EXISTS` when a token belongs to somebody else.
 */
export async function ensureBootstrapTokens(db: Database, tokens: readonly BootstrapToken[]): Promise<void> {
  for (const token of tokens) await inTransaction(db, (tx) => ensureToken(tx, token));
}

async function ensureToken(tx: Queryable, { owner, role, token }: BootstrapToken): Promise<void> {
  const person = await ensurePerson(tx, owner);
  const hash = hashToken(token);
  const inserted = await tx
    .insertInto('api_token')
    .ignore()
    .values({
      id: newId('tok'),
      person_id: person.id,
      label: 'bootstrap',
      token_hash: hash,
      created_at: databaseNow,
      expires_at: null,
      revoked_at: null,
    })
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return bindBootstrapRole(tx, person, role);
  const kept = await tx
    .selectFrom('api_token')
    .select('person_id')
    .where('token_hash', '=', hash)
    .executeTakeFirstOrThrow();
  if (kept.person_id === person.id) return;
  throw new AppError(
    'ALREADY_EXISTS',
    `A token of STARWARDEN_BOOTSTRAP_TOKENS for ${owner} belongs to somebody else already`,
    {
      hint: 'Give each owner a token of their own.',
    },
  );
}

/** Called only together with making a new token, so that a role that was taken away stays away. */
async function bindBootstrapRole(tx: Queryable, person: Person, role: Role): Promise<void> {
  await tx
    .insertInto('role_binding')
    .ignore()
    .values({ person_id: person.id, role, scope_kind: 'all', scope_value: '' })
    .execute();
  await insertAudit(tx, {
    actor: systemActor,
    action: 'createToken',
    subject: person.name,
    clusterId: null,
    outcome: 'DONE',
    detail: { label: 'bootstrap', role },
    runId: null,
    requestId: null,
  });
}

/** The person of that name, who is created if there is none. Gives them no role. */
export async function ensurePerson(db: Queryable, name: string): Promise<Person> {
  await db
    .insertInto('person')
    .ignore()
    .values({ id: newId('per'), name, created_at: databaseNow, disabled_at: null })
    .execute();
  return toPerson(await db.selectFrom('person').selectAll().where('name', '=', name).executeTakeFirstOrThrow());
}

/** Whether anybody can log in at all: is there a valid token of a person who was not shut out? */
export async function hasUsableToken(db: Queryable): Promise<boolean> {
  const row = await db
    .selectFrom('api_token')
    .innerJoin('person', 'person.id', 'api_token.person_id')
    .select('api_token.id')
    .where('api_token.revoked_at', 'is', null)
    .where((where) =>
      where.or([where('api_token.expires_at', 'is', null), where('api_token.expires_at', '>', databaseNow)]),
    )
    .where('person.disabled_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
