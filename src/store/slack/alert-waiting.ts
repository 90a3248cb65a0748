import { sql } from 'kysely';
import { type Alert, severities } from '../../domain/alert.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import { type Database, databaseNow } from '../database.ts';

/** So many alerts are read, and so many rows written, in one statement. */
const atOnce = 1_000;

export type Noting = {
  /** The channel of an alert; null = people are told of it nowhere. */
  readonly route: (alert: Alert) => string | null;
  /** The family of a rule by its name. */
  readonly familyOf: (rule: string) => string;
};

/**
 * Notes which alerts wait for people to be told of them: those that fire and are not hidden, of whom nobody was told; those
 * that are shown again or became worse, and have no message of their own. What was resolved meanwhile waits no more. Their
 * channels become due.
 */
export async function noteWaiting(db: Database, noting: Noting): Promise<void> {
  const channels = new Set([
    ...(await noteNew(db, noting)),
    ...(await noteEnded(db)),
    ...(await noteAgain(db, noting)),
  ]);
  if (channels.size === 0) return;
  await db
    .insertInto('alert_channel')
    .values([...channels].map((channel) => ({ channel, due_at: databaseNow })))
    .onDuplicateKeyUpdate({ due_at: databaseNow })
    .execute();
}

async function noteNew(db: Database, { route, familyOf }: Noting): Promise<readonly string[]> {
  const channels = new Set<string>();
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('alert')
      .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
      .selectAll('alert')
      .where('alert.open_fingerprint', 'is not', null)
      .where('alert.signal_state', '=', 'FIRING')
      .where('alert.muted_by', 'is', null)
      .where('alert_delivery.alert_id', 'is', null)
      .where('alert.number', '>', after)
      .orderBy('alert.number')
      .limit(atOnce)
      .execute();
    const values = rows.flatMap((row) => {
      const channel = route(toAlert(row));
      if (channel === null) return [];
      channels.add(channel);
      const { id: alert_id, severity, rule, changed_at: waits_since } = row;
      return [{ alert_id, channel, severity, family: familyOf(rule), waits_since }];
    });
    if (values.length > 0) await db.insertInto('alert_delivery').ignore().values(values).execute();
    after = rows.at(-1)?.number ?? after;
    if (rows.length < atOnce) return [...channels];
  }
}

/** What was resolved before anybody was told is counted, for the daily message; what is hidden again waits no more. */
async function noteEnded(db: Database): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .select(['alert.id', 'alert_delivery.channel', 'alert_delivery.card_id', 'alert.muted_by', 'alert.closed_at'])
    .where('alert_delivery.waits_since', 'is not', null)
    .where((row) =>
      row.or([
        row('alert.signal_state', '=', 'RESOLVED'),
        row('alert.closed_at', 'is not', null),
        row('alert.muted_by', 'is not', null),
      ]),
    )
    .execute();
  const hidden = rows.filter((row) => row.muted_by !== null && row.closed_at === null);
  const over = rows.filter((row) => !hidden.includes(row));
  const missed = over.filter((row) => row.card_id === null);
  const waitsNoMore = { waits_since: null };
  await update(db, hidden, { ...waitsNoMore, hidden: 1 });
  await update(
    db,
    over.filter((row) => row.card_id !== null),
    waitsNoMore,
  );
  await update(db, missed, { ...waitsNoMore, missed: sql<number>`missed + 1`, missed_at: databaseNow });
  return rows.map(({ channel }) => channel);
}

/**
 * Alerts on the message of a group or storm that were hidden and are shown again, or that became worse, are told again, as
 * are those that fire again after they were over before anybody was told.
 */
async function noteAgain(db: Database, { route }: Noting): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .selectAll('alert')
    .select(['alert_delivery.card_id', 'alert_delivery.hidden', 'alert_delivery.severity as told_severity'])
    .where('alert.open_fingerprint', 'is not', null)
    .where('alert_delivery.waits_since', 'is', null)
    .where((row) => row.or([row('slack_card.kind', 'is', null), row('slack_card.kind', '!=', 'ALERT')]))
    .where((row) =>
      row.or([
        row('alert_delivery.card_id', 'is', null),
        row('alert_delivery.hidden', '=', 1),
        row('alert.muted_by', 'is not', null),
        row('alert.severity', '!=', row.ref('alert_delivery.severity')),
      ]),
    )
    .execute();
  const hidden = rows.filter((row) => row.muted_by !== null && row.hidden === 0);
  const again = rows.filter(
    (row) =>
      row.muted_by === null &&
      row.signal_state === 'FIRING' &&
      (row.card_id === null || row.hidden === 1 || isWorse(row.severity, row.told_severity)),
  );
  await update(db, hidden, { hidden: 1 });
  const channels: string[] = [];
  for (const [channel, alerts] of Map.groupBy(again, (row) => route(toAlert(row)))) {
    if (channel === null) continue;
    await update(db, alerts, { waits_since: databaseNow, hidden: 0, channel });
    channels.push(channel);
  }
  return channels;
}

function isWorse(severity: string, than: string): boolean {
  const rank = (name: string) => severityNames.indexOf(name);
  return rank(severity) < rank(than);
}

const severityNames: readonly string[] = severities;

type Change = {
  waits_since?: null | typeof databaseNow;
  hidden?: number;
  channel?: string;
  missed?: ReturnType<typeof sql<number>>;
  missed_at?: typeof databaseNow;
};

/** Only where the row still is as it was read: whoever plans the channel may have told of it meanwhile. */
async function update(db: Database, rows: readonly { readonly id: string }[], change: Change): Promise<void> {
  for (let at = 0; at < rows.length; at += atOnce) {
    const ids = rows.slice(at, at + atOnce).map(({ id }) => id);
    await db
      .updateTable('alert_delivery')
      .set(change)
      .where('alert_id', 'in', ids)
      .where('waits_since', change.waits_since === null ? 'is not' : 'is', null)
      .execute();
  }
}
