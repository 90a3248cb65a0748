import { sql } from 'kysely';
import { type Alert, severities, titleToShow } from '../../domain/alert.ts';
import type { Alerting } from '../../domain/alert-route.ts';
import {
  type Digest,
  type DigestOfCluster,
  leastNoise,
  mostKept,
  mostNoisy,
  oldMs,
  orNothing,
} from '../../domain/delivery/digest.ts';
import { type DigestTime, endOfDay } from '../../domain/delivery/digest-times.ts';
import { silenceName, silenceState } from '../../domain/silence.ts';
import { coversCluster } from '../../domain/why-not-now.ts';
import { toAlert } from '../alerts/alert-rows.ts';
import type { Reader } from '../database.ts';
import { readable } from '../readable.ts';
import { toSilence } from '../silences/silence-rows.ts';
import { isEntryVisible } from './calendar.ts';
import { isVisible, type Visibility } from './visibility.ts';

/** A title is kept so long. */
const longestTitle = 200;
const dayMs = 86_400_000;

export type ReadingDigest = {
  readonly visibility: Visibility;
  readonly channel: string;
  readonly day: string;
  readonly since: Date;
  readonly now: Date;
  readonly time: DigestTime;
  /** The channel of an alert; null = people are told of it nowhere. */
  readonly route: (alert: Alerting) => string | null;
};

/** What a channel is told of its last day, and the LOW alerts among that. What cannot be read keeps no other from being told. */
export async function readDigestContent(
  db: Reader,
  reading: ReadingDigest,
): Promise<{ digest: Digest; alertIds: readonly string[] }> {
  const { day, since, now } = reading;
  const low = await readLow(db, reading);
  const found = {
    low: Map.groupBy(low, byCluster),
    ended: Map.groupBy(await readEnded(db, reading), byCluster),
    missed: Map.groupBy(await readMissed(db, reading), byCluster),
    flapping: Map.groupBy(await readFlapping(db, reading), byCluster),
    hidden: Map.groupBy(await readHidden(db, reading), byCluster),
  };
  const names = new Set(Object.values(found).flatMap((each) => [...each.keys()]));
  const clusters = [...names].toSorted().flatMap((name) => {
    const open = found.low.get(name) ?? [];
    const hidden = found.hidden.get(name) ?? [];
    const cluster: DigestOfCluster = {
      name,
      low: open.slice(0, mostKept).map(toLow),
      lowCount: open.length,
      oldCount: open.filter(({ openedAt }) => now.getTime() - openedAt.getTime() > oldMs).length,
      ended: found.ended.get(name)?.[0]?.count ?? 0,
      missed: (found.missed.get(name) ?? []).map(({ rule, count }) => ({ rule, count })),
      flapping: (found.flapping.get(name) ?? []).slice(0, mostKept).map((alert) => ({
        ...{ number: alert.number, title: titleToShow(alert).slice(0, longestTitle), severity: alert.severity },
      })),
      silenced: hidden.filter(({ by }) => by === 'SILENCED').length,
      inhibited: hidden.filter(({ by }) => by !== null && by !== 'SILENCED').length,
      hiddenBefore: hidden.filter(({ by }) => by === null).length,
    };
    return orNothing(cluster) ?? [];
  });
  const digest = {
    ...{ day, since, at: now, clusters },
    noisy: await readNoisy(db, reading),
    silences: await readEnding(db, reading),
  };
  return { digest, alertIds: low.map(({ id }) => id) };
}

const byCluster = ({ clusterName }: { readonly clusterName: string }) => clusterName;

function toLow(alert: Alert): DigestOfCluster['low'][number] {
  const { number, openedAt: since, signal, handling } = alert;
  return {
    ...{ number, since, title: titleToShow(alert).slice(0, longestTitle), isStale: signal === 'STALE' },
    takenBy: handling.kind === 'ACKED' ? handling.byName : null,
  };
}

function visible({ visibility }: ReadingDigest) {
  return isVisible(visibility, { clusterId: 'alert.cluster_id', environment: 'alert.environment' });
}

/** Those that fire or have no data, and that nothing hides; the oldest first, so those of more than 7 days stand on top. */
async function readLow(db: Reader, reading: ReadingDigest): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('open_fingerprint', 'is not', null)
    .where('severity', '=', 'LOW')
    .where('signal_state', '!=', 'RESOLVED')
    .where('muted_by', 'is', null)
    .where(visible(reading))
    .orderBy('opened_at')
    .orderBy('number')
    .execute();
  return readable(rows, toAlert, () => undefined).filter((alert) => reading.route(alert) === reading.channel);
}

/** How many LOW alerts that stood in a daily message of the channel were resolved since the last one. */
async function readEnded(db: Reader, reading: ReadingDigest) {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .innerJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select('alert.cluster_name as clusterName')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('slack_card.kind', '=', 'DIGEST')
    .where('alert_delivery.channel', '=', reading.channel)
    .where('alert.signal_state', '=', 'RESOLVED')
    .where('alert.resolved_at', '>', reading.since)
    .where(visible(reading))
    .groupBy('alert.cluster_name')
    .execute();
  return rows.map(({ clusterName, count }) => ({ clusterName, count: Number(count) }));
}

/** How often alerts were over before anybody was told, since the last daily message. */
async function readMissed(db: Reader, reading: ReadingDigest) {
  const rows = await db
    .selectFrom('alert_delivery')
    .innerJoin('alert', 'alert.id', 'alert_delivery.alert_id')
    .select(['alert.cluster_name as clusterName', 'alert.rule'])
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('alert_delivery.channel', '=', reading.channel)
    .where('alert_delivery.missed_at', '>', reading.since)
    .where(visible(reading))
    .groupBy(['alert.cluster_name', 'alert.rule'])
    .orderBy(sql`COUNT(*)`, 'desc')
    .orderBy('alert.rule')
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/** LOW ones stand among the open ones already. */
async function readFlapping(db: Reader, reading: ReadingDigest): Promise<readonly Alert[]> {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where('open_fingerprint', 'is not', null)
    .where('flapping', 'is not', null)
    .where('severity', '!=', 'LOW')
    .where('muted_by', 'is', null)
    .where(visible(reading))
    .orderBy(sql`FIELD(severity, 'CRITICAL', 'HIGH', 'MEDIUM')`)
    .orderBy('number')
    .execute();
  return readable(rows, toAlert, () => undefined).filter((alert) => reading.route(alert) === reading.channel);
}

/** Alerts that are hidden, or began to be since the last daily message; `by` = what hides them now, null = nothing does any more. */
async function readHidden(db: Reader, reading: ReadingDigest) {
  const rows = await db
    .selectFrom('alert')
    .selectAll()
    .where(visible(reading))
    .where((row) =>
      row.or([
        row.and([row('open_fingerprint', 'is not', null), row('muted_by', 'is not', null)]),
        row(
          'id',
          'in',
          row
            .selectFrom('alert_event')
            .select('alert_event.alert_id')
            .where('alert_event.type', '=', 'MUTED')
            .where('alert_event.at', '>', reading.since),
        ),
      ]),
    )
    .execute();
  return readable(rows, toAlert, () => undefined)
    .filter((alert) => reading.route(alert) === reading.channel)
    .map(({ clusterName, mute, signal }) => ({
      ...{ clusterName, by: mute.kind === 'NONE' || signal === 'RESOLVED' ? null : mute.kind },
    }));
}

/** The rules that opened alerts, or opened them again, most often in the last 24 hours. */
async function readNoisy(db: Reader, reading: ReadingDigest): Promise<Digest['noisy']> {
  const rows = await db
    .selectFrom('alert_event')
    .innerJoin('alert', 'alert.id', 'alert_event.alert_id')
    .innerJoin('alert_delivery', 'alert_delivery.alert_id', 'alert.id')
    .select('alert.rule')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('alert_event.type', 'in', ['OPENED', 'REOPENED'])
    .where('alert_event.at', '>', new Date(reading.now.getTime() - dayMs))
    .where('alert_delivery.channel', '=', reading.channel)
    .where(visible(reading))
    .groupBy('alert.rule')
    .having(sql<number>`COUNT(*)`, '>=', leastNoise)
    .orderBy(sql`COUNT(*)`, 'desc')
    .orderBy('alert.rule')
    .limit(mostNoisy)
    .execute();
  return rows.map((row) => ({ rule: row.rule, count: Number(row.count) }));
}

/** Silences that end today and hide something that goes to this channel: on a cluster whose alerts do, of any severity. */
async function readEnding(
  db: Reader,
  { visibility, channel, now, time, route }: ReadingDigest,
): Promise<Digest['silences']> {
  const rows = await db
    .selectFrom('silence')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('until_at', '>', now)
    .where('until_at', '<=', endOfDay(now, time))
    .where(isEntryVisible(visibility, 'silence'))
    .orderBy('until_at')
    .limit(mostKept)
    .execute();
  const ending = readable(rows, toSilence, () => undefined).filter((each) => silenceState(each, now) === 'ACTIVE');
  if (ending.length === 0) return [];
  const clusters = await db.selectFrom('cluster').select(['id', 'environment']).execute();
  const own = clusters
    .map(({ id, environment }) => ({ clusterId: id, environment }))
    .filter((cluster) => severities.some((severity) => route({ ...cluster, severity }) === channel));
  return ending
    .filter(({ scope }) => scope.kind === 'all' || own.some((cluster) => coversCluster(scope, cluster)))
    .map((silence) => ({ name: silenceName(silence), until: silence.until, reason: silence.reason.slice(0, 200) }));
}
