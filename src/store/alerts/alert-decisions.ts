import { type Actor, can } from '../../domain/access.ts';
import type { Alert } from '../../domain/alert.ts';
import { inWords } from '../../domain/alert-life.ts';
import { AppError } from '../../errors.ts';
import type { Database } from '../database.ts';
import { findActors } from '../reads/persons.ts';
import { type HandlingRequest, handle, refuseUnlessOpen } from './handle.ts';

const maxNoteLength = 1_000;

/**
 * Resolves an alert by hand, with a note that says why. It is meant for what no look closes; if the next look that can
 * say finds that it still holds, the alert is open again, and nobody has it. Throws what `handle` throws, and
 * `PRECONDITION_FAILED` when it is resolved already.
 */
export async function resolveAlert(db: Database, request: HandlingRequest & { readonly note: string }): Promise<Alert> {
  const { actor } = request;
  const note = checkNote(request.note);
  return handle(db, { ...request, comment: note, action: 'resolveAlert' }, (alert, at) => {
    refuseUnlessOpen(alert);
    return {
      alert: {
        ...alert,
        signal: 'RESOLVED',
        mute: { kind: 'NONE' },
        hiddenSince: null,
        flapping: null,
        turns: [],
        text: `${actor.name} resolved it by hand at ${inWords(at)}: ${note}. What was said while it fired: ${alert.text}`,
        resolvedAt: at,
        resolvedBy: { id: actor.id, name: actor.name, isConfirmed: false },
      },
      events: [{ type: 'RESOLVED_BY_HAND', message: `${actor.name} resolved it by hand: ${note}` }],
    };
  });
}

/**
 * Gives an open alert to a person, or to nobody (null). It says whose it is, and acknowledges nothing. Giving it to who
 * has it changes nothing. Throws what `handle` throws, and `INVALID_INPUT` for somebody who may not handle it.
 */
export async function assignAlert(
  db: Database,
  request: HandlingRequest & { readonly personId: string | null },
): Promise<Alert> {
  const { actor, personId } = request;
  const person = personId === null ? null : await findAssignee(db, personId);
  return handle(db, { ...request, action: 'assignAlert' }, (alert) => {
    refuseUnlessOpen(alert);
    if (person !== null && !can(person, 'alert:handle', alert))
      throw new AppError('INVALID_INPUT', `${person.name} may not handle alerts of ${alert.clusterName}`, {
        hint: 'It needs the permission alert:handle there.',
        path: ['personId'],
      });
    if ((alert.assignee?.id ?? null) === personId) return null;
    const message =
      person === null
        ? `${actor.name} took it from ${alert.assignee?.name}`
        : `${actor.name} gave it to ${person.name}`;
    return {
      alert: { ...alert, assignee: person === null ? null : { id: person.id, name: person.name } },
      events: [{ type: 'ASSIGNED', message: request.comment ? `${message}: ${request.comment}` : message }],
    };
  });
}

/** Writes a note into the history of an alert, also of one that is over. Throws what `handle` throws. */
export async function noteAlert(db: Database, request: HandlingRequest & { readonly note: string }): Promise<Alert> {
  const note = checkNote(request.note);
  return handle(db, { ...request, comment: note, action: 'noteAlert' }, (alert) => ({
    alert,
    events: [{ type: 'NOTED', message: `${request.actor.name}: ${note}` }],
  }));
}

async function findAssignee(db: Database, personId: string): Promise<Actor> {
  const [person] = await findActors(db, [personId], 'API');
  if (person !== undefined) return person;
  throw new AppError('NOT_FOUND', `There is no person ${personId} who may log in`, {
    hint: 'Query `persons` for their ids.',
    path: ['personId'],
  });
}

function checkNote(text: string): string {
  const note = text.trim();
  if (note.length >= 1 && note.length <= maxNoteLength) return note;
  throw new AppError('INVALID_INPUT', `A note has 1 to ${maxNoteLength} characters`, { path: ['note'] });
}
