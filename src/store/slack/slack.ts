import { createHash, randomInt } from 'node:crypto';
import type { Actor } from '../../domain/access.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { findActorByPersonId } from '../access/actors.ts';
import { insertAudit } from '../access/audit.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable } from '../database.ts';
import { findPerson } from '../reads/persons.ts';
import { isDuplicateKey } from '../store-errors.ts';

/** A Slack account: ids of the workspace and the user. */
export type SlackAccount = { readonly team: string; readonly user: string };

const linkCodeTtlMs = 10 * 60_000;
const maxTriggerLength = 128;
/** Without letters and digits that look alike. */
const codeAlphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const codeLength = 16;

/** Records a request; null when the same one was recorded before, by whichever process. */
export async function recordRequest(
  db: Database,
  request: SlackAccount & { triggerId: string; channel: string | null },
): Promise<string | null> {
  const id = newId('cmd');
  try {
    await db
      .insertInto('slack_request')
      .values({
        id,
        trigger_id: request.triggerId.slice(0, maxTriggerLength),
        team: request.team,
        slack_user: request.user,
        channel: request.channel,
        received_at: databaseNow,
      })
      .execute();
    return id;
  } catch (error) {
    if (isDuplicateKey(error)) return null;
    throw error;
  }
}

/** Drops what nobody will ask for again: requests, drafts and codes that are older than two days. */
export async function pruneSlack(db: Database): Promise<void> {
  const before = databaseNowPlus(-2 * 86_400_000);
  await db.deleteFrom('slack_request').where('received_at', '<', before).execute();
  await db.deleteFrom('slack_draft').where('created_at', '<', before).execute();
  await db.deleteFrom('slack_link_code').where('created_at', '<', before).execute();
}

/** The person a Slack account acts as, with the roles they hold now; null = not linked, or the person is disabled. */
export async function findSlackActor(db: Queryable, account: SlackAccount): Promise<Actor | null> {
  const link = await db
    .selectFrom('slack_identity')
    .select('person_id')
    .where('team', '=', account.team)
    .where('slack_user', '=', account.user)
    .executeTakeFirst();
  return link === undefined ? null : findActorByPersonId(db, link.person_id, 'SLACK');
}

/** The Slack account of a person in one workspace, for mentions; the newest when there are several. */
export async function findSlackUserOfPerson(
  db: Queryable,
  { team, personId }: { team: string; personId: string },
): Promise<string | null> {
  const row = await db
    .selectFrom('slack_identity')
    .select('slack_user')
    .where('team', '=', team)
    .where('person_id', '=', personId)
    .orderBy('linked_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.slack_user ?? null;
}

/** Makes a code that proves who owns the Slack account; it replaces the account's former codes. Shown once, kept as a hash. */
export async function createLinkCode(db: Database, account: SlackAccount): Promise<string> {
  const letters = Array.from({ length: codeLength }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('');
  const code = letters.replace(/(.{4})(?=.)/g, '$1-');
  await inTransaction(db, async (tx) => {
    await tx
      .deleteFrom('slack_link_code')
      .where('team', '=', account.team)
      .where('slack_user', '=', account.user)
      .execute();
    await tx
      .insertInto('slack_link_code')
      .values({
        code_hash: hashCode(code),
        team: account.team,
        slack_user: account.user,
        created_at: databaseNow,
        expires_at: databaseNowPlus(linkCodeTtlMs),
        used_at: null,
      })
      .execute();
  });
  return code;
}

/** Links the Slack account that asked for the code with the person who enters it. Works once. Throws `INVALID_INPUT`. */
export async function redeemLinkCode(
  db: Database,
  { code, personId }: { code: string; personId: string },
): Promise<SlackAccount> {
  return inTransaction(db, async (tx) => {
    const hash = hashCode(code);
    const used = await tx
      .updateTable('slack_link_code')
      .set({ used_at: databaseNow })
      .where('code_hash', '=', hash)
      .where('used_at', 'is', null)
      .where('expires_at', '>', databaseNow)
      .executeTakeFirst();
    if (used.numUpdatedRows === 0n) {
      throw new AppError('INVALID_INPUT', 'This code is unknown, used or older than 10 minutes', {
        hint: 'Type /sr link in Slack for a new one.',
        path: ['code'],
      });
    }
    const row = await tx
      .selectFrom('slack_link_code')
      .selectAll()
      .where('code_hash', '=', hash)
      .executeTakeFirstOrThrow();
    const account = { team: row.team, user: row.slack_user };
    await writeLink(tx, { ...account, personId, by: personId });
    return account;
  });
}

/** Links a Slack account with a person, for an ADMIN who knows both. Replaces a former link. Throws `NOT_FOUND`. */
export async function linkSlackUser(
  db: Database,
  link: SlackAccount & { personId: string; byPersonId?: string },
): Promise<void> {
  await inTransaction(db, (tx) => writeLink(tx, { ...link, by: link.byPersonId ?? 'system' }));
}

/** Takes the link away; false when there was none. */
export async function unlinkSlackUser(db: Database, account: SlackAccount): Promise<boolean> {
  const result = await db
    .deleteFrom('slack_identity')
    .where('team', '=', account.team)
    .where('slack_user', '=', account.user)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

async function writeLink(tx: Queryable, link: SlackAccount & { personId: string; by: string }): Promise<void> {
  const person = await findPerson(tx, link.personId);
  if (person === null || person.disabledAt !== null)
    throw new AppError('NOT_FOUND', `There is no person ${link.personId}`, { hint: 'The person may be disabled.' });
  await tx
    .insertInto('slack_identity')
    .values({ team: link.team, slack_user: link.user, person_id: person.id, linked_at: databaseNow })
    .onDuplicateKeyUpdate({ person_id: person.id, linked_at: databaseNow })
    .execute();
  const by = await findPerson(tx, link.by);
  await insertAudit(tx, {
    actor: { id: link.by, name: by?.name ?? link.by, via: 'API' },
    action: 'linkSlackUser',
    subject: person.name,
    clusterId: null,
    outcome: 'DONE',
    detail: { team: link.team, slackUser: link.user },
    runId: null,
    requestId: null,
  });
}

function hashCode(code: string): string {
  const letters = code.toUpperCase().replace(/[^0-9A-Z]/g, '');
  return createHash('sha256').update(letters).digest('hex');
}
