import type { Actor } from '../domain/access.ts';
import type { Risk } from '../domain/approval.ts';
import type { Target } from '../domain/target.ts';
import { whyNotNow } from '../domain/why-not-now.ts';
import { readCalendar } from '../store/calendar/calendar.ts';
import type { Engine } from './engine.ts';

/**
 * What the calendar says against beginning this now, as a note for a person who is about to; empty = nothing. It stops
 * nobody: whatever begins by itself was asked about it before it came here, and a command is a person's own decision.
 */
export async function notesOnCalendar(
  { db, now }: Pick<Engine, 'db' | 'now'>,
  { actor, target, risk }: { actor: Actor; target: Target; risk: Risk },
): Promise<readonly string[]> {
  const isByPerson = actor.via === 'API' || actor.via === 'SLACK';
  if (!isByPerson || risk === 'read') return [];
  const { id: clusterId, environment } = target.cluster;
  const calendar = await readCalendar(db, { clusterId, environment });
  const inaction = whyNotNow(calendar, { clusterId, environment, at: now(), risk });
  return inaction === null ? [] : [`By itself this would not begin now, your command does. ${inaction.message}`];
}
