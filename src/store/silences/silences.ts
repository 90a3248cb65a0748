import type { CalendarScope } from '../../domain/calendar.ts';
import type { JsonObject } from '../../domain/json.ts';
import {
  longestSilenceMs,
  matchersInWords,
  needsSecondPerson,
  type Silence,
  type SilenceMatchers,
  silenceName,
  silenceState,
} from '../../domain/silence.ts';
import { extensionOf } from '../../domain/silence-end.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { scopeColumns } from '../calendar/calendar-rows.ts';
import { auditChange, authorizeScope, type CalendarChange, type KnownScope } from '../calendar/calendar-scope.ts';
import { lockClusters } from '../clusters/topology.ts';
import { type Database, databaseNow, inTransaction, readDatabaseTime, type Tx } from '../database.ts';
import { toJson } from '../json.ts';
import { findVisibleCluster } from '../reads/clusters.ts';
import { openSilences } from '../reads/covering-silences.ts';
import { readHiddenByOne, silenceHidesMost } from '../reads/hidden-by-one.ts';
import { findVisibleSilence, previewSilence, type SilencePreview } from '../reads/silences.ts';
import { type Visibility, visibilityOf } from '../reads/visibility.ts';
import { checkSilencedRule } from './known-rules.ts';
import { toSilence } from './silence-rows.ts';

/** A silence as it is asked for. */
export type WantedSilence = {
  readonly scope: CalendarScope;
  readonly matchers: SilenceMatchers;
  readonly until: Date;
  readonly reason: string;
};

export type SilenceChange = CalendarChange & {
  /** The environments in which changes need an approval: those of production. */
  readonly approvalEnvironments: readonly string[];
};

const permission = 'alert:silence';
const shortestMs = 60_000;

/**
 * Makes a silence, which hides alerts from the next look on. One that would hide CRITICAL alerts of a whole cluster of
 * production (also node by node, with other silences), or of everything, does nothing until another person agrees. Throws `INVALID_INPUT`, and what
 * `authorizeScope` throws.
 */
export function createSilence(db: Database, wanted: WantedSilence, by: SilenceChange): Promise<Silence> {
  return makeSilence(db, wanted, by);
}

/**
 * Has what a silence hides hidden for longer: makes another one like it that ends by so much later, with the rights and by the rules of
 * any new silence, so it may wait for a second person. Where there is such a one already, that is the answer, and nothing changes.
 * Throws `NOT_FOUND`, `FORBIDDEN`, and `PRECONDITION_FAILED` when the silence hides nothing now.
 */
export async function extendSilence(
  db: Database,
  { id, byMs }: { readonly id: string; readonly byMs: number },
  by: SilenceChange,
): Promise<Silence> {
  const { seen } = await authorizeSilence(db, { id, by, action: 'createSilence' });
  const wanted = { ...seen, until: new Date(seen.until.getTime() + byMs) };
  return makeSilence(db, wanted, by, async (tx, at) => {
    const silence = await lockSilence(tx, id);
    const there = extensionOf(silence, await openSilences(tx, { at, visibility: 'everywhere' }), at);
    if (there !== null) return there;
    if (silenceState(silence, at) === 'ACTIVE') return null;
    throw new AppError('PRECONDITION_FAILED', `${silenceName(silence)} hides nothing now, so it cannot be extended`, {
      hint: 'Make a new silence.',
    });
  });
}

async function makeSilence(
  db: Database,
  wanted: WantedSilence,
  by: SilenceChange,
  instead: (tx: Tx, at: Date) => Promise<Silence | null> = async () => null,
): Promise<Silence> {
  const action = 'createSilence';
  const reason = checkReason(wanted.reason);
  const matchers = checkMatchers(wanted.matchers);
  const known = await authorizeScope(db, { by, scope: wanted.scope, permission, action });
  await checkSilencedRule(db, matchers.rule, visibilityOf(by.actor, 'cluster:read'));
  const isWide = needsSecondPerson({ scope: wanted.scope, matchers }, await isProduction(db, wanted.scope, by));
  const id = newId('sil');
  return inTransaction(db, async (tx) => {
    const at = await readDatabaseTime(tx);
    const there = await instead(tx, at);
    if (there !== null) return there;
    checkUntil(wanted.until, at);
    const needsSecond = isWide || (await hidesMost(tx, { scope: wanted.scope, matchers, at, by }));
    await tx
      .insertInto('silence')
      .values({
        ...{ id, reason, ...scopeColumns(wanted.scope), matchers: toJson(matchers), until_at: wanted.until },
        ...{ created_by_id: by.actor.id, created_by_name: by.actor.name, created_at: databaseNow },
        needs_second: needsSecond ? 1 : 0,
      })
      .execute();
    const made = await lockSilence(tx, id);
    await auditSilence(tx, by, { action, known, silence: made });
    return made;
  });
}

/** What a silence would hide that nobody made yet. Throws `INVALID_INPUT` for matchers with which none is made. */
export async function previewWanted(
  db: Database,
  { visibility, scope, matchers }: Pick<WantedSilence, 'scope' | 'matchers'> & { readonly visibility: Visibility },
): Promise<SilencePreview> {
  checkMatchers(matchers);
  await checkSilencedRule(db, matchers.rule, visibility);
  return previewSilence(db, { visibility, scope, matchers });
}

/**
 * Agrees to a silence that waits for a second person, who is not the one who made it. Agreeing twice changes nothing.
 * Throws `NOT_FOUND`, `FORBIDDEN`, and `PRECONDITION_FAILED` when it is over or needs nobody.
 */
export async function approveSilence(
  db: Database,
  request: { readonly id: string; readonly comment: string | null },
  by: CalendarChange,
): Promise<Silence> {
  const action = 'approveSilence';
  const { known, seen } = await authorizeSilence(db, { id: request.id, by, action });
  if (seen.createdBy.id === by.actor.id) {
    await auditChange(db, by, { action, called: known.called, scope: seen.scope, outcome: 'FORBIDDEN' });
    throw new AppError('FORBIDDEN', `${silenceName(seen)} is your own: another person has to agree`, {
      hint: 'Two persons must want it, since it would hide CRITICAL alerts of a whole cluster.',
    });
  }
  return inTransaction(db, async (tx) => {
    const silence = await lockSilence(tx, request.id);
    const state = silenceState(silence, await readDatabaseTime(tx));
    if (state === 'ACTIVE' && silence.approvedAt !== null) return silence;
    if (state !== 'PENDING')
      throw new AppError(
        'PRECONDITION_FAILED',
        state === 'ENDED' ? `${silenceName(silence)} is over` : `${silenceName(silence)} needs no second person`,
      );
    await tx
      .updateTable('silence')
      .set({ approved_by_id: by.actor.id, approved_by_name: by.actor.name, approved_at: databaseNow })
      .where('id', '=', silence.id)
      .execute();
    const approved = await lockSilence(tx, silence.id);
    await auditSilence(tx, by, { action, known, silence: approved, comment: request.comment });
    return approved;
  });
}

/**
 * Ends a silence before its time; ending one that is over changes nothing. What still fires is told as if it fired for
 * the first time, at the next look. Throws `NOT_FOUND` and `FORBIDDEN`.
 */
export async function endSilence(
  db: Database,
  request: { readonly id: string; readonly comment: string | null },
  by: CalendarChange,
): Promise<Silence> {
  const action = 'endSilence';
  const { known } = await authorizeSilence(db, { id: request.id, by, action });
  return inTransaction(db, async (tx) => {
    const silence = await lockSilence(tx, request.id);
    if (silenceState(silence, await readDatabaseTime(tx)) === 'ENDED') return silence;
    await tx
      .updateTable('silence')
      .set({ ended_by_id: by.actor.id, ended_by_name: by.actor.name, ended_at: databaseNow })
      .where('id', '=', silence.id)
      .execute();
    const ended = await lockSilence(tx, silence.id);
    await auditSilence(tx, by, { action, known, silence: ended, comment: request.comment });
    return ended;
  });
}

async function authorizeSilence(
  db: Database,
  { id, by, action }: { id: string; by: CalendarChange; action: string },
): Promise<{ known: KnownScope; seen: Silence }> {
  const seen = await findVisibleSilence(db, { visibility: visibilityOf(by.actor, 'cluster:read'), id });
  if (seen === null)
    throw new AppError('NOT_FOUND', `There is no silence ${id}`, { hint: 'Query `silences` for their ids.' });
  return { seen, known: await authorizeScope(db, { by, scope: seen.scope, permission, action }) };
}

async function lockSilence(tx: Tx, id: string): Promise<Silence> {
  return toSilence(
    await tx.selectFrom('silence').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow(),
  );
}

/** Of an environment that needs approvals, or everything; a cluster is what its label says now. */
async function isProduction(db: Database, scope: CalendarScope, by: SilenceChange): Promise<boolean> {
  if (scope.kind === 'all') return true;
  if (scope.kind === 'environment') return by.approvalEnvironments.includes(scope.environment);
  const cluster = await findVisibleCluster(db, { visibility: 'everywhere', id: scope.clusterId });
  return cluster === null || by.approvalEnvironments.includes(cluster.environment);
}

type Reaching = Pick<WantedSilence, 'scope' | 'matchers'> & { readonly at: Date; readonly by: SilenceChange };

/** Whether it makes the whole of a cluster of production, node by node, with what single persons have silenced before. */
async function hidesMost(tx: Tx, { scope, matchers, at, by }: Reaching): Promise<boolean> {
  if (matchers.labels.node === undefined || by.approvalEnvironments.length === 0) return false;
  const asked = { at, approvalEnvironments: by.approvalEnvironments };
  await lockClusters(tx, (await readHiddenByOne(tx, asked)).clusterIds);
  return silenceHidesMost({ scope, matchers }, await readHiddenByOne(tx, asked));
}

function auditSilence(
  tx: Tx,
  by: CalendarChange,
  what: { action: string; known: KnownScope; silence: Silence; comment?: string | null },
): Promise<void> {
  const { silence, known, action, comment } = what;
  const detail: JsonObject = {
    silence: silenceName(silence),
    matchers: matchersInWords(silence.matchers),
    until: silence.until.toISOString(),
    reason: silence.reason,
    needsSecond: silence.needsSecond,
    ...(comment ? { comment } : {}),
  };
  return auditChange(tx, by, { action, called: known.called, scope: silence.scope, outcome: 'DONE', detail });
}

function checkReason(text: string): string {
  const reason = text.trim();
  if (reason.length >= 3 && reason.length <= 200) return reason;
  throw new AppError('INVALID_INPUT', 'A reason has 3 to 200 characters', {
    hint: 'Say in a few words why: it stands on the card of every alert that is silenced.',
    path: ['input', 'reason'],
  });
}

function checkUntil(until: Date, now: Date): void {
  const lastsMs = until.getTime() - now.getTime();
  if (lastsMs >= shortestMs && lastsMs <= longestSilenceMs) return;
  throw new AppError('INVALID_INPUT', 'A silence ends a minute to 30 days from now', {
    hint: 'For what is never to be told, change the rule.',
    path: ['input', 'until'],
  });
}

const mostLabels = 10;

/** Throws `INVALID_INPUT` for a matcher that could fit nothing, or that is too long to be kept. */
function checkMatchers(matchers: SilenceMatchers): SilenceMatchers {
  const { rule, severities, labels } = matchers;
  const values = [...(rule === null ? [] : [rule]), ...Object.entries(labels).flat()];
  if (values.some((value) => value.trim() === '' || value.length > 200) || Object.keys(labels).length > mostLabels)
    throw wrongMatcher('A matcher has 1 to 200 characters, and there are at most 10 labels');
  if (severities !== null && severities.length === 0) throw wrongMatcher('A list of severities names at least one');
  return matchers;
}

function wrongMatcher(message: string): AppError {
  return new AppError('INVALID_INPUT', message, {
    hint: 'Leave out what should not matter; `*` stands for any characters.',
    path: ['input'],
  });
}
