import type { Actor } from '../../domain/access.ts';
import type { RunVia } from '../../domain/run.ts';
import { databaseNow, type Queryable } from '../database.ts';
import { bindingsOfPersons, findPerson } from '../reads/persons.ts';
import { toBindingOrNone } from './access-rows.ts';
import { hashToken } from './token-hash.ts';

/**
 * The person a token acts as, with the roles they hold now; null for a token that is unknown, expired or revoked, and for
 * a person who was shut out. One statement.
 */
export async function findActorByToken(
  db: Queryable,
  token: string,
): Promise<{ actor: Actor; tokenId: string; expiresAt: Date | null } | null> {
  const rows = await db
    .selectFrom('api_token')
    .innerJoin('person', 'person.id', 'api_token.person_id')
    .leftJoin('role_binding', 'role_binding.person_id', 'person.id')
    .select(['api_token.id as token_id', 'api_token.expires_at', 'person.id', 'person.name'])
    .select(['role_binding.role', 'role_binding.scope_kind', 'role_binding.scope_value'])
    .where('api_token.token_hash', '=', hashToken(token))
    .where('api_token.revoked_at', 'is', null)
    .where((row) => row.or([row('api_token.expires_at', 'is', null), row('api_token.expires_at', '>', databaseNow)]))
    .where('person.disabled_at', 'is', null)
    .execute();
  const [first] = rows;
  if (first === undefined) return null;
  const actor: Actor = { id: first.id, name: first.name, via: 'API', bindings: rows.flatMap(toBindingOrNone) };
  return { actor, tokenId: first.token_id, expiresAt: first.expires_at };
}

/** A person as an actor, with the roles they hold now; null when they do not exist or were shut out. */
export async function findActorByPersonId(db: Queryable, personId: string, via: RunVia): Promise<Actor | null> {
  const person = await findPerson(db, personId);
  if (person === null || person.disabledAt !== null) return null;
  const bindings = await bindingsOfPersons(db, [personId]);
  return { id: person.id, name: person.name, via, bindings: bindings.map(({ binding }) => binding) };
}
