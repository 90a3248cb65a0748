import { sql } from 'kysely';
import type { Alerting } from '../../domain/alert-route.ts';
import { type Digest, isWorthTelling } from '../../domain/delivery/digest.ts';
import {
  type DigestDay,
  type DigestTime,
  digestOf,
  firstDigest,
  nextDigest,
} from '../../domain/delivery/digest-times.ts';
import { newId } from '../../ids.ts';
import { type Claim, claimDue, isDue, isOurs, unclaimed } from '../claims.ts';
import { type Database, inTransaction, type Queryable, type Reader, readDatabaseTime, type Tx } from '../database.ts';
import { fromJson, toJson } from '../json.ts';
import { readDigestContent } from '../reads/digest-content.ts';
import type { Visibility } from '../reads/visibility.ts';
import { digestShape } from './digest-shape.ts';
import { insertCard } from './slack-cards.ts';
import { takeBackUnsent } from './unsent-digests.ts';

const claimMs = 30_000;
/** The one digest of a channel that is not made yet. */
const openKey = 'open';

/**
 * Makes sure that each channel that alerts go to has its next daily message ahead, at the hour that is configured now.
 * `channels` = those that alerts go to although there was none yet.
 */
export async function ensureDigests(
  db: Database,
  { channels, time }: { channels: readonly string[]; time: DigestTime },
): Promise<void> {
  const now = await readDatabaseTime(db);
  const known = await db.selectFrom('alert_channel').select('channel').execute();
  const pending = await db.selectFrom('alert_digest').selectAll().where('open_key', '=', openKey).execute();
  for (const channel of new Set([...channels, ...known.map((row) => row.channel)])) {
    const row = pending.find((each) => each.channel === channel);
    if (row === undefined) await insertDigest(db, { channel, since: now, next: firstDigest(now, time), time });
    else await moveDigest(db, row, time);
  }
}

type Ahead = { readonly id: string; readonly day: string; readonly due_at: Date | null; readonly time_zone: string };

/** The hour may be another one than when it was planned. */
async function moveDigest(db: Database, row: Ahead, time: DigestTime): Promise<void> {
  const { at } = digestOf(row.day, time);
  if (row.due_at?.getTime() === at.getTime() && row.time_zone === time.timeZone) return;
  await db
    .updateTable('alert_digest')
    .set({ due_at: at, time_zone: time.timeZone })
    .where('id', '=', row.id)
    .where('open_key', '=', openKey)
    .execute();
}

async function insertDigest(
  db: Queryable,
  { channel, since, next, time }: { channel: string; since: Date; next: DigestDay; time: DigestTime },
): Promise<void> {
  await db
    .insertInto('alert_digest')
    .ignore() // somebody else was faster
    .values({
      ...{ id: newId('dig'), channel, day: next.day, open_key: openKey, since },
      ...{ due_at: next.at, time_zone: time.timeZone },
    })
    .execute();
}

/** Channels' daily messages that have to be made now. */
export async function listDueDigests(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert_digest')
    .select('id')
    .where('open_key', '=', openKey)
    .where(isDue('alert_digest'))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export type MakingDigest = {
  readonly id: string;
  readonly holder: string;
  readonly time: DigestTime;
  /** The channel of an alert; null = people are told of it nowhere. */
  readonly route: (alert: Alerting) => string | null;
};

/**
 * Makes the daily message of a channel, in one transaction behind its claim: what it says, its card, the LOW alerts that it tells of,
 * and the channel's next one. With nothing to say there is no card. Answers what it says; null = another process has it.
 */
export async function makeDigest(db: Database, { id, holder, time, route }: MakingDigest): Promise<Digest | null> {
  const still = sql<boolean>`open_key IS NOT NULL`;
  const claim = await claimDue(db, { table: 'alert_digest', id, holder, forMs: claimMs, still });
  if (claim === null) return null;
  return inTransaction(db, async (tx) => {
    const row = await lock(tx, claim);
    if (row === null) return null;
    const { channel, day } = row;
    const unsentSince = await takeBackUnsent(tx, channel);
    const since = unsentSince !== null && unsentSince < row.since ? unsentSince : row.since;
    const now = await readDatabaseTime(tx);
    const reading = { visibility: 'everywhere', channel, day, since, now, time, route } as const;
    const { digest, alertIds } = await readDigestContent(tx, reading);
    if (isWorthTelling(digest)) {
      const cardId = await insertCard(tx, { kind: 'DIGEST', subjectId: id, channel });
      await standOn(tx, { alertIds, cardId, channel, at: now });
    }
    await tx
      .updateTable('alert_digest')
      .set({ ...unclaimed, due_at: null, open_key: null, made_at: now, since, content: toJson(digest) })
      .where('id', '=', id)
      .execute();
    await insertDigest(tx, { channel, since: now, next: nextDigest(now, { day }, time), time });
    return digest;
  });
}

async function lock(tx: Tx, claim: Claim): Promise<{ channel: string; day: string; since: Date } | null> {
  const row = await tx
    .selectFrom('alert_digest')
    .select(['channel', 'day', 'since'])
    .where(isOurs(claim))
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

type Standing = { alertIds: readonly string[]; cardId: string; channel: string; at: Date };

/**
 * They wait no more; nobody counts as told. As bad as it was when that was read: what becomes worse meanwhile waits again. Of those
 * that are told already nothing is written.
 */
async function standOn(tx: Tx, { alertIds, cardId, channel, at }: Standing): Promise<void> {
  for (let from = 0; from < alertIds.length; from += 1_000) {
    await tx
      .updateTable('alert_delivery')
      .set({
        ...{ waits_since: null, severity: 'LOW', channel, told_at: null },
        ...{ group_id: null, card_id: cardId, group_revision: 0, decided_at: at },
      })
      .where('alert_id', 'in', alertIds.slice(from, from + 1_000))
      .where('waits_since', 'is not', null)
      .execute();
  }
}

/** What a daily message says; null = it is gone, or not made yet. */
export async function readDigest(db: Database, id: string): Promise<Digest | null> {
  const row = await db.selectFrom('alert_digest').select('content').where('id', '=', id).executeTakeFirst();
  return row?.content == null ? null : fromJson(digestShape, row.content);
}

/** Daily messages that are to be sent, or tried again. Once sent they stay as they are. */
export async function listDueDigestCards(db: Database, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('slack_card')
    .select('id')
    .where('kind', '=', 'DIGEST')
    .where('state', '!=', 'SENT')
    .where(isDue('slack_card'))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** What the next daily message of a channel would say now, to somebody who sees this; null = none is planned. */
export async function previewDigest(
  db: Database,
  {
    visibility,
    channel,
    time,
    route,
  }: Pick<MakingDigest, 'time' | 'route'> & {
    readonly visibility: Visibility;
    readonly channel: string;
  },
): Promise<{ readonly digest: Digest; readonly dueAt: Date | null } | null> {
  const row = await ahead(db, [channel]).executeTakeFirst();
  if (row === undefined) return null;
  const { day, since, due_at: dueAt } = row;
  const now = await readDatabaseTime(db);
  const { digest } = await readDigestContent(db, { visibility, channel, day, since, now, time, route });
  return { digest, dueAt };
}

/** When channels get their next daily messages; those for which none is planned are left out. */
export async function nextDigests(
  db: Reader,
  channels: readonly string[],
): Promise<ReadonlyMap<string, { readonly at: Date; readonly timeZone: string }>> {
  const rows = await ahead(db, channels).execute();
  return new Map(
    rows.flatMap(({ channel, due_at, time_zone }) =>
      due_at === null ? [] : [[channel, { at: due_at, timeZone: time_zone }] as const],
    ),
  );
}

function ahead(db: Reader, channels: readonly string[]) {
  return db.selectFrom('alert_digest').selectAll().where('channel', 'in', channels).where('open_key', '=', openKey);
}
