import type { Selectable } from 'kysely';
import { z } from 'zod';
import { type PersonRef, severities } from '../../domain/alert.ts';
import type { Silence } from '../../domain/silence.ts';
import { toScope } from '../calendar/calendar-rows.ts';
import type { Tables } from '../generated/tables.ts';
import { fromJson } from '../json.ts';

const matchers = z.object({
  rule: z.string().nullable(),
  severities: z.array(z.enum(severities)).nullable(),
  labels: z.record(z.string(), z.string()),
});

export function toSilence(row: Selectable<Tables['silence']>): Silence {
  return {
    id: row.id,
    number: row.number,
    scope: toScope(row),
    matchers: fromJson(matchers, row.matchers),
    reason: row.reason,
    createdBy: { id: row.created_by_id, name: row.created_by_name },
    createdAt: row.created_at,
    until: row.until_at,
    needsSecond: row.needs_second === 1,
    approvedBy: refOf(row.approved_by_id, row.approved_by_name),
    approvedAt: row.approved_at,
    endedBy: refOf(row.ended_by_id, row.ended_by_name),
    endedAt: row.ended_at,
  };
}

function refOf(id: string | null, name: string | null): PersonRef | null {
  return id === null ? null : { id, name: name ?? id };
}
