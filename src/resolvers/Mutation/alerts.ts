import * as decisions from '../../store/alerts/alert-decisions.ts';
import {
  acknowledgeAlert as acknowledge,
  unacknowledgeAlert as unacknowledge,
} from '../../store/alerts/alert-handling.ts';
import type { RequestContext } from '../request-context.ts';
import { checkComment, withUserErrors } from '../user-errors.ts';

type Arguments = { readonly id: string; readonly comment?: string | null };

export function acknowledgeAlert(
  _: unknown,
  args: Arguments & { forMinutes?: number | null },
  context: RequestContext,
) {
  const forMs = args.forMinutes == null ? null : args.forMinutes * 60_000;
  return withUserErrors({ alert: null }, async () => ({
    alert: await acknowledge(context.deps.db, { ...requestOf(args, context), forMs }),
  }));
}

export function unacknowledgeAlert(_: unknown, args: Arguments, context: RequestContext) {
  return withUserErrors({ alert: null }, async () => ({
    alert: await unacknowledge(context.deps.db, requestOf(args, context)),
  }));
}

type NoteArguments = { readonly id: string; readonly note: string };

export function resolveAlert(_: unknown, args: NoteArguments, context: RequestContext) {
  return withUserErrors({ alert: null }, async () => ({
    alert: await decisions.resolveAlert(context.deps.db, { ...requestOf(args, context), note: args.note }),
  }));
}

export function assignAlert(_: unknown, args: Arguments & { personId?: string | null }, context: RequestContext) {
  return withUserErrors({ alert: null }, async () => ({
    alert: await decisions.assignAlert(context.deps.db, {
      ...requestOf(args, context),
      personId: args.personId ?? null,
    }),
  }));
}

export function noteAlert(_: unknown, args: NoteArguments, context: RequestContext) {
  return withUserErrors({ alert: null }, async () => ({
    alert: await decisions.noteAlert(context.deps.db, { ...requestOf(args, context), note: args.note }),
  }));
}

function requestOf({ id, comment }: Arguments, { actor, requestId, deps }: RequestContext) {
  return {
    alertId: id,
    actor,
    comment: checkComment(comment),
    requestId,
    changed: (topic: string) => deps.doorbell.changed(topic),
  };
}
