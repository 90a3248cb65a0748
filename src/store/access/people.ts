import { randomBytes } from 'node:crypto';
import type { Actor, RoleBinding } from '../../domain/access.ts';
import type { ApiToken, Person } from '../../domain/person.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { releaseAlertsOf } from '../alerts/release.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { findPerson } from '../reads/persons.ts';
import { isDuplicateKey } from '../store-errors.ts';
import { scopeColumns, toApiToken } from './access-rows.ts';
import { insertAudit } from './audit.ts';
import { hashToken } from './token-hash.ts';

/** Who changes people and tokens, for the audit log. */
export type ChangedBy = { readonly actor: Pick<Actor, 'id' | 'name' | 'via'>; readonly requestId: string | null };

/** Lets a person in. Throws `ALREADY_EXISTS`. */
export async function addPerson(db: Database, name: string, by: ChangedBy): Promise<Person> {
  const id = newId('per');
  try {
    return await inTransaction(db, async (tx) => {
      await tx.insertInto('person').values({ id, name, created_at: databaseNow, disabled_at: null }).execute();
      await audit(tx, by, { action: 'addPerson', subject: name });
      return readPerson(tx, id);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new AppError('ALREADY_EXISTS', `There is a person called ${name} already`, {
      hint: 'Choose another name.',
      path: ['input', 'name'],
      cause: error,
    });
  }
}

/** Shuts a person out at once: no token and no Slack account acts as them any more, and nobody waits for them with an alert. */
export async function disablePerson(db: Database, id: string, by: ChangedBy): Promise<Person> {
  return inTransaction(db, async (tx) => {
    const person = await readPerson(tx, id);
    await releaseAlertsOf(tx, person, by.actor);
    await tx
      .updateTable('person')
      .set((row) => ({ disabled_at: row.fn.coalesce('disabled_at', databaseNow) }))
      .where('id', '=', id)
      .execute();
    await audit(tx, by, { action: 'disablePerson', subject: person.name });
    return readPerson(tx, id);
  });
}

/** Gives a role; giving it again changes nothing. */
export async function bindRole(db: Database, personId: string, binding: RoleBinding, by: ChangedBy): Promise<Person> {
  return inTransaction(db, async (tx) => {
    const person = await readPerson(tx, personId);
    await tx
      .insertInto('role_binding')
      .ignore()
      .values({ person_id: personId, role: binding.role, ...scopeColumns(binding.scope) })
      .execute();
    await audit(tx, by, { action: 'bindRole', subject: person.name, detail: { role: binding.role, ...binding.scope } });
    return person;
  });
}

/** Takes a role away; taking it again changes nothing. */
export async function unbindRole(db: Database, personId: string, binding: RoleBinding, by: ChangedBy): Promise<Person> {
  return inTransaction(db, async (tx) => {
    const person = await readPerson(tx, personId);
    const { scope_kind, scope_value } = scopeColumns(binding.scope);
    await tx
      .deleteFrom('role_binding')
      .where('person_id', '=', personId)
      .where('role', '=', binding.role)
      .where('scope_kind', '=', scope_kind)
      .where('scope_value', '=', scope_value)
      .execute();
    await audit(tx, by, {
      action: 'unbindRole',
      subject: person.name,
      detail: { role: binding.role, ...binding.scope },
    });
    return person;
  });
}

/** Makes a token of 256 random bits. Its text is in the answer and is stored nowhere. */
export async function createToken(
  db: Database,
  token: { personId: string; label: string; expiresInMs: number },
  by: ChangedBy,
): Promise<{ token: string; apiToken: ApiToken }> {
  const text = `sw_${randomBytes(32).toString('base64url')}`;
  const id = newId('tok');
  return inTransaction(db, async (tx) => {
    const person = await readPerson(tx, token.personId);
    if (person.disabledAt !== null)
      throw new AppError('PRECONDITION_FAILED', `${person.name} was shut out`, { hint: 'Add another person.' });
    await tx
      .insertInto('api_token')
      .values({
        id,
        person_id: person.id,
        label: token.label,
        token_hash: hashToken(text),
        created_at: databaseNow,
        expires_at: databaseNowPlus(token.expiresInMs),
        revoked_at: null,
      })
      .execute();
    await audit(tx, by, { action: 'createToken', subject: person.name, detail: { tokenId: id, label: token.label } });
    return { token: text, apiToken: await readToken(tx, id) };
  });
}

/** Ends a token at once. */
export async function revokeToken(db: Database, id: string, by: ChangedBy): Promise<ApiToken> {
  return inTransaction(db, async (tx) => {
    const token = await readToken(tx, id);
    await tx
      .updateTable('api_token')
      .set((row) => ({ revoked_at: row.fn.coalesce('revoked_at', databaseNow) }))
      .where('id', '=', id)
      .execute();
    await audit(tx, by, { action: 'revokeToken', subject: token.label, detail: { tokenId: id } });
    return readToken(tx, id);
  });
}

async function readPerson(db: Queryable, id: string): Promise<Person> {
  const person = await findPerson(db, id);
  if (person === null)
    throw new AppError('NOT_FOUND', 'There is no such person', { hint: 'Query `persons` for their ids.' });
  return person;
}

async function readToken(db: Queryable, id: string): Promise<ApiToken> {
  const row = await db.selectFrom('api_token').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined)
    throw new AppError('NOT_FOUND', 'There is no such token', { hint: "Query a person's `tokens` for their ids." });
  return toApiToken(row);
}

async function audit(
  db: Queryable,
  by: ChangedBy,
  event: { action: string; subject: string; detail?: Record<string, string> },
): Promise<void> {
  await insertAudit(db, {
    ...by,
    ...event,
    detail: event.detail ?? null,
    clusterId: null,
    runId: null,
    outcome: 'DONE',
  });
}
