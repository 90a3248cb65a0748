import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type RoleBinding, roles, type Scope } from '../../domain/access.ts';
import type { ApiToken, Person } from '../../domain/person.ts';
import type { Tables } from '../generated/tables.ts';

export function toPerson(row: Selectable<Tables['person']>): Person {
  return { id: row.id, name: row.name, createdAt: row.created_at, disabledAt: row.disabled_at };
}

export function toApiToken(row: Selectable<Tables['api_token']>): ApiToken {
  return {
    id: row.id,
    personId: row.person_id,
    label: row.label,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}

/** For rows of an outer join with the bindings: one without a binding gives none. */
export function toBindingOrNone(row: {
  role: string | null;
  scope_kind: string | null;
  scope_value: string | null;
}): RoleBinding[] {
  const { role, scope_kind, scope_value } = row;
  return role === null || scope_kind === null || scope_value === null
    ? []
    : [toBinding({ role, scope_kind, scope_value })];
}

export function toBinding(row: { role: string; scope_kind: string; scope_value: string }): RoleBinding {
  return { role: z.enum(roles).parse(row.role), scope: toScope(row) };
}

function toScope(row: { scope_kind: string; scope_value: string }): Scope {
  const kind = z.enum(['all', 'environment', 'cluster']).parse(row.scope_kind);
  switch (kind) {
    case 'all':
      return { kind };
    case 'environment':
      return { kind, environment: row.scope_value };
    case 'cluster':
      return { kind, clusterId: row.scope_value };
    default:
      return kind satisfies never;
  }
}

export function scopeColumns(scope: Scope): { scope_kind: string; scope_value: string } {
  switch (scope.kind) {
    case 'all':
      return { scope_kind: 'all', scope_value: '' };
    case 'environment':
      return { scope_kind: 'environment', scope_value: scope.environment };
    case 'cluster':
      return { scope_kind: 'cluster', scope_value: scope.clusterId };
    default:
      return scope satisfies never;
  }
}
