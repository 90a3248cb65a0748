import { type SqlBool, sql } from 'kysely';
import { severities } from '../../domain/alert.ts';
import type { Alerting } from '../../domain/alert-route.ts';
import { wasShown } from '../../domain/delivery/was-shown.ts';
import { toAlerting } from '../alerts/alert-rows.ts';
import { type Database, databaseNow, databaseNowPlus, inTransaction, type Queryable, type Tx } from '../database.ts';
import { eventsOfAlerts } from '../reads/alerts.ts';

/** So many alerts are read, and so many rows written, in one statement. */
const atOnce = 1_000;

/** What decides where an alert goes: its long texts are not read for that. */
const columns = ['alert.id', 'alert.cluster_id', 'alert.environment', 'alert.rule', 'alert.severity'] as const;

export type Noting = {
  /** The channel of an alert; null = people are told of it nowhere. */
  readonly route: (alert: Alerting) => string | null;
  /** False = no alert has a channel: then what waits for none is not read, every second, as often as it is asked. */
  readonly isAnywhere?: boolean;
  /** The family of a rule by its name. */
  readonly familyOf: (rule: string) => string;
};

/**
 * Notes which alerts wait for people to be told of them: those that go on and are not hidden, of whom nobody was told; those
 * that are shown again or became worse, and have no message of their own. What was resolved meanwhile waits no more; what
 * became worse while it waits waits as what it is now. Their channels become due.
 */
export async function noteWaiting(db: Database, noting: Noting): Promise<void> {
  await noteNew(db, noting);
  await noteEnded(db);
  await noteWorse(db, noting);
  await noteAgain(db, noting);
}

/**
 * Writes what waits together with the channels that have to be planned for it: an alert that is noted in a channel that is
 * not due would wait for the next one. The channels first, in order: whoever plans one holds it before its alerts.
 */
async function writeIn(db: Database, channels: Iterable<string>, write: (tx: Tx) => Promise<void>): Promise<void> {
  const due = [...new Set(channels)].toSorted().map((channel) => ({ channel, due_at: databaseNow }));
  if (due.length === 0) return;
  await inTransaction(db, async (tx) => {
    await tx.insertInto('alert_channel').values(due).onDuplicateKeyUpdate({ due_at: databaseNow }).execute();
    await write(tx);
  });
}

async function noteNew(db: Database, { route, familyOf, isAnywhere = true }: Noting): Promise<void> {
  if (!isAnywhere) return;
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('alert')
      .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
      .select(columns)
      .select(['alert.number', 'alert.changed_at'])
      .where('alert.open_fingerprint', 'is not', null)
      .where('alert.signal_state', '!=', 'RESOLVED')
      .where('alert.muted_by', 'is', null)
      .where('alert_delivery.alert_id', 'is', null)
      .where('alert.number', '>', after)
      .orderBy('alert.number')
      .limit(atOnce)
      .execute();
    const values = rows.flatMap((row) => {
      const channel = route(toAlerting(row));
      if (channel === null) return [];
      const { id: alert_id, severity, rule, changed_at: waits_since } = row;
      return [{ alert_id, channel, severity, family: familyOf(rule), waits_since }];
    });
    const channels = values.map(({ channel }) => channel);
    await writeIn(db, channels, async (tx) => {
      await tx.insertInto('alert_delivery').ignore().values(values).execute();
    });
    after = rows.at(-1)?.number ?? after;
    if (rows.length < atOnce) return;
  }
}

/** What was resolved before anybody was told is counted, for the daily message; what is hidden again waits no more. */
async function noteEnded(db: Database): Promise<void> {
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
  const noted = over.filter((row) => row.card_id !== null);
  const channels = rows.map(({ channel }) => channel);
  await writeIn(db, channels, async (tx) => {
    await update(tx, hidden, { ...waitsNoMore, hidden: 1 });
    await update(tx, noted, waitsNoMore);
    await update(tx, missed, { ...waitsNoMore, missed: sql<number>`missed + 1`, missed_at: databaseNow });
  });
}

/** What began and ended so long ago is not looked for any more. */
const unseenMs = 86_400_000;
const eventsAtOnce = 200;

/**
 * Notes what began and ended while nobody noted anything: Slack let no bot in, or none ran. Counted as what ended while it waited.
 * What was hidden when it ended is nobody's miss. To be done now and then: it reads what changed within a day.
 */
export async function noteUnseen(db: Database, { route, familyOf, isAnywhere = true }: Noting): Promise<void> {
  if (!isAnywhere) return;
  for (let after = 0; ; ) {
    const rows = await db
      .selectFrom('alert')
      .leftJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
      .select(columns)
      .select('alert.number')
      .where('alert.changed_at', '>', databaseNowPlus(-unseenMs))
      .where('alert.signal_state', '=', 'RESOLVED')
      .where('alert.muted_by', 'is', null)
      .where('alert_delivery.alert_id', 'is', null)
      .where('alert.number', '>', after)
      .orderBy('alert.number')
      .limit(atOnce)
      .execute();
    const shown = await shownOf(db, rows);
    const values = rows.flatMap((row) => {
      const channel = route(toAlerting(row));
      if (channel === null || !shown.has(row.id)) return [];
      const { id: alert_id, severity, rule } = row;
      const counted = { waits_since: null, missed: 1, missed_at: databaseNow };
      return [{ alert_id, channel, severity, family: familyOf(rule), ...counted }];
    });
    const channels = values.map(({ channel }) => channel);
    await writeIn(db, channels, async (tx) => {
      await tx.insertInto('alert_delivery').ignore().values(values).execute();
    });
    after = rows.at(-1)?.number ?? after;
    if (rows.length < atOnce) return;
  }
}

/** Those of which people would have been told. */
async function shownOf(db: Database, alerts: readonly { readonly id: string }[]): Promise<ReadonlySet<string>> {
  const shown = new Set<string>();
  for (let at = 0; at < alerts.length; at += eventsAtOnce) {
    const alertIds = alerts.slice(at, at + eventsAtOnce).map(({ id }) => id);
    const events = Map.groupBy(await eventsOfAlerts(db, { alertIds, limit: 100 }), ({ alertId }) => alertId);
    for (const [id, own] of events) if (wasShown(own)) shown.add(id);
  }
  return shown;
}

/** What became worse while it waits may belong elsewhere, and does not wait as long as what it was. */
async function noteWorse(db: Database, { route }: Noting): Promise<void> {
  const rows = await db
    .selectFrom('alert')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select(columns)
    .select(['alert_delivery.channel', 'alert_delivery.severity as noted'])
    .where('alert_delivery.waits_since', 'is not', null)
    .where(isWorse)
    .execute();
  const worse = rows.map((row) => ({ ...row, channel: route(toAlerting(row)) ?? row.channel }));
  const alike = Map.groupBy(worse, ({ severity, channel, noted }) => JSON.stringify([severity, channel, noted]));
  for (const alerts of alike.values()) {
    const [{ severity, channel, noted } = never()] = alerts;
    // It waited for the daily message: that is not the time in which others of its group may follow.
    const anew = noted === 'LOW' ? { waits_since: databaseNow } : {};
    await writeIn(db, [channel], (tx) => update(tx, alerts, { channel, severity, ...anew }, 'is not'));
  }
}

function never(): never {
  throw new Error('a group has at least one row');
}

/** LOW alerts that wait for a daily message wait for that of the channel where they go now: routes may change within a day. */
export async function followRoutes(db: Database, route: Noting['route']): Promise<void> {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .select(['alert.id', 'alert.cluster_id', 'alert.environment', 'alert_delivery.channel'])
    .where('alert_delivery.waits_since', 'is not', null)
    .where('alert.severity', '=', 'LOW')
    .execute();
  const moved = rows.flatMap(({ id, cluster_id: clusterId, environment, channel }) => {
    const now = route({ clusterId, environment, severity: 'LOW' });
    return now === null || now === channel ? [] : [{ id, channel: now }];
  });
  for (const [channel, alerts] of Map.groupBy(moved, (row) => row.channel))
    await writeIn(db, [channel], (tx) => update(tx, alerts, { channel }, 'is not'));
}

/**
 * Alerts on the message of a group or storm that were hidden and are shown again, or that became worse, are told again, as
 * are those that fire again after they were over before anybody was told.
 */
async function noteAgain(db: Database, { route }: Noting): Promise<void> {
  // Only what has to be written: this is asked every second, and thousands may be hidden.
  const rows = await db
    .selectFrom('alert')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(columns)
    .select('alert.muted_by')
    .where('alert.open_fingerprint', 'is not', null)
    .where('alert_delivery.waits_since', 'is', null)
    .where((row) => row.or([row('slack_card.kind', 'is', null), row('slack_card.kind', '!=', 'ALERT')]))
    .where((row) =>
      row.or([
        row.and([row('alert.muted_by', 'is not', null), row('alert_delivery.hidden', '=', 0)]),
        row.and([
          row('alert.muted_by', 'is', null),
          row('alert.signal_state', '!=', 'RESOLVED'),
          row.or([row('alert_delivery.card_id', 'is', null), row('alert_delivery.hidden', '=', 1), isWorse]),
        ]),
      ]),
    )
    .execute();
  await update(
    db,
    rows.filter((row) => row.muted_by !== null),
    { hidden: 1 },
  );
  const again = rows.filter((row) => row.muted_by === null);
  for (const [channel, alerts] of Map.groupBy(again, (row) => route(toAlerting(row)))) {
    if (channel === null) continue;
    await writeIn(db, [channel], (tx) => update(tx, alerts, { waits_since: databaseNow, hidden: 0, channel }));
  }
}

/** One that cannot be read is as bad as the worst. */
const rankOf = (column: string) => sql`GREATEST(FIELD(${sql.ref(column)}, ${sql.join(severities)}), 1)`;
const isWorse = sql<SqlBool>`${rankOf('alert.severity')} < ${rankOf('alert_delivery.severity')}`;

type Change = {
  waits_since?: null | typeof databaseNow;
  hidden?: number;
  channel?: string;
  severity?: string;
  missed?: ReturnType<typeof sql<number>>;
  missed_at?: typeof databaseNow;
};

/** Only where the row still is as it was read: whoever plans the channel may have told of it meanwhile. */
async function update(
  db: Queryable,
  rows: readonly { readonly id: string }[],
  change: Change,
  waited: 'is' | 'is not' = change.waits_since === null ? 'is not' : 'is',
): Promise<void> {
  for (let at = 0; at < rows.length; at += atOnce) {
    const ids = rows.slice(at, at + atOnce).map(({ id }) => id);
    await db
      .updateTable('alert_delivery')
      .set(change)
      .where('alert_id', 'in', ids)
      .where('waits_since', waited, null)
      .execute();
  }
}
