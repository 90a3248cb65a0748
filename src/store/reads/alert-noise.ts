import { type RawBuilder, sql } from 'kysely';
import { severities } from '../../domain/alert.ts';
import {
  briefMs,
  byLoudness,
  type ClusterNoise,
  mostCounted,
  mostCountedTogether,
  type RuleNoise,
} from '../../domain/noise/noise.ts';
import type { Reader } from '../database.ts';
import { isVisible, type Visibility } from './visibility.ts';

type Asked = {
  readonly visibility: Visibility;
  readonly clusterIds: readonly string[];
  readonly since: Date;
  /** How many alerts of each cluster are counted. */
  readonly mostAlerts?: number;
};

/** What rules told people of each of these clusters since a time, as far as the reader may see the alerts. */
export async function noiseOfClusters(db: Reader, asked: Asked): Promise<readonly ClusterNoise[]> {
  const { clusterIds, since } = asked;
  if (clusterIds.length === 0) return [];
  const share = Math.floor(mostCountedTogether / clusterIds.length);
  const mostAlerts = Math.max(1, Math.min(asked.mostAlerts ?? mostCounted, share));
  const rows = await db
    .selectFrom(noiseTable({ ...asked, mostAlerts }).as('noise'))
    .selectAll()
    .execute();
  const numbers = rows.flatMap(({ loudest }) => (loudest === null ? [] : [Number(loudest)]));
  const titles = await titlesOf(db, numbers);
  const ofCluster = Map.groupBy(rows, (row) => row.cluster_id);
  return clusterIds.map((clusterId) => {
    const own = ofCluster.get(clusterId) ?? [];
    return {
      ...{ clusterId, since, isCut: own.some(({ is_cut }) => Number(is_cut) === 1) },
      rules: own.map((row) => toNoise(row, titles)).toSorted(byLoudness),
    };
  });
}

type NoiseRow = {
  readonly cluster_id: string;
  readonly rule: string;
  /** The place of the worst severity, from 1 on; 0 = one that nobody knows. */
  readonly worst: number | string;
  readonly alerts: number | string;
  readonly firings: number | string;
  readonly brief: number | string;
  readonly longest_brief_ms: number | string | null;
  readonly flapping: number | string;
  readonly ended: number | string;
  readonly untaken: number | string;
  readonly hidden: number | string;
  readonly subjects: number | string;
  readonly loudest: number | string | null;
  readonly loudest_firings: number | string | null;
  readonly is_cut: number | string;
};

type Titled = { readonly number: number; readonly title: string; readonly node_id: string | null };

function toNoise(row: NoiseRow, titles: ReadonlyMap<number, Titled>): RuleNoise {
  const loudest = row.loudest === null ? undefined : titles.get(Number(row.loudest));
  return {
    rule: row.rule,
    severity: severities[Number(row.worst) - 1] ?? 'LOW',
    ...{ alerts: Number(row.alerts), firings: Number(row.firings), brief: Number(row.brief) },
    longestBriefMs: row.longest_brief_ms === null ? null : Number(row.longest_brief_ms),
    ...{ flapping: Number(row.flapping), ended: Number(row.ended), untaken: Number(row.untaken) },
    ...{ hidden: Number(row.hidden), subjects: Number(row.subjects) },
    loudest:
      loudest === undefined
        ? null
        : {
            ...{ number: loudest.number, title: loudest.title, nodeId: loudest.node_id },
            firings: Number(row.loudest_firings),
          },
  };
}

async function titlesOf(db: Reader, numbers: readonly number[]): Promise<ReadonlyMap<number, Titled>> {
  if (numbers.length === 0) return new Map();
  const rows = await db
    .selectFrom('alert')
    .select(['number', 'title', 'node_id'])
    .where('number', 'in', numbers)
    .execute();
  return new Map(rows.map((row) => [row.number, row]));
}

/**
 * One row for each cluster and rule. From the inside: the newest alerts of each cluster that were not closed before; what happened to each
 * of them in one revision; when it was over after each firing; what became of each alert; of each subject; of each rule.
 */
function noiseTable({ visibility, clusterIds, since, mostAlerts }: Required<Asked>): RawBuilder<NoiseRow> {
  const visible = isVisible(visibility, { clusterId: 'alert.cluster_id', environment: 'alert.environment' });
  return sql<NoiseRow>`(
    WITH kept AS (
      SELECT id, cluster_id, rule, fingerprint, number, signal_state,
        FIELD(severity, ${sql.join(severities)}) AS badness,
        ROW_NUMBER() OVER (PARTITION BY cluster_id ORDER BY number DESC) AS place
      FROM alert
      WHERE cluster_id IN (${sql.join(clusterIds)})
        AND (closed_at IS NULL OR closed_at >= ${since})
        AND ${visible}
    ), happened AS (
      SELECT event.alert_id, event.revision, MIN(event.at) AS at,
        MAX(event.type IN ('OPENED', 'REOPENED')) AS fires,
        MAX(event.type = 'RESOLVED') AS ends,
        MAX(event.type = 'FLAPPING') AS flaps,
        MAX(event.type = 'MUTED') AS mutes,
        MAX(event.type = 'UNMUTED') AS unmutes,
        MAX(event.type IN ('ACKED', 'ASSIGNED', 'RESOLVED_BY_HAND') AND event.actor_id IS NOT NULL) AS takes
      FROM kept
      JOIN alert_event AS event ON event.alert_id = kept.id
      WHERE kept.place <= ${sql.lit(mostAlerts)}
        AND event.type IN ('OPENED', 'REOPENED', 'RESOLVED', 'FLAPPING', 'MUTED', 'UNMUTED', 'ACKED', 'ASSIGNED', 'RESOLVED_BY_HAND')
      GROUP BY event.alert_id, event.revision
    ), turn AS (
      SELECT happened.*,
        TIMESTAMPDIFF(MICROSECOND, at, MIN(CASE WHEN ends THEN at END) OVER (
          PARTITION BY alert_id ORDER BY revision ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        )) DIV 1000 AS lasts_ms
      FROM happened
    ), became AS (
      SELECT alert_id,
        SUM(fires AND at >= ${since}) AS firings,
        SUM(fires AND at >= ${since} AND COALESCE(lasts_ms <= ${sql.lit(briefMs)}, FALSE)) AS brief,
        MAX(CASE WHEN fires AND at >= ${since} AND lasts_ms <= ${sql.lit(briefMs)} THEN lasts_ms END) AS longest_brief_ms,
        MAX(flaps AND at >= ${since}) AS flapping,
        MAX(takes) AS taken,
        SUM(fires AND NOT mutes) = 0 AND MAX(unmutes) = 0 AS hidden
      FROM turn
      GROUP BY alert_id
    ), subject AS (
      SELECT kept.cluster_id, kept.rule, MIN(kept.badness) AS worst,
        SUM(NOT hidden) AS alerts,
        SUM(CASE WHEN hidden THEN 0 ELSE firings END) AS firings,
        SUM(CASE WHEN hidden OR taken THEN 0 ELSE brief END) AS brief,
        MAX(CASE WHEN hidden OR taken THEN NULL ELSE longest_brief_ms END) AS longest_brief_ms,
        SUM(NOT hidden AND flapping) AS flapping,
        SUM(NOT hidden AND kept.signal_state = 'RESOLVED') AS ended,
        SUM(NOT hidden AND kept.signal_state = 'RESOLVED' AND NOT taken) AS untaken,
        SUM(hidden) AS hidden,
        MAX(CASE WHEN hidden THEN NULL ELSE kept.number END) AS newest
      FROM kept
      JOIN became ON became.alert_id = kept.id
      WHERE became.firings > 0 OR became.flapping
      GROUP BY kept.cluster_id, kept.rule, kept.fingerprint
    ), ranked AS (
      SELECT subject.*,
        ROW_NUMBER() OVER (PARTITION BY cluster_id, rule ORDER BY firings DESC, newest DESC) AS place
      FROM subject
    )
    SELECT ranked.cluster_id, ranked.rule, MIN(ranked.worst) AS worst,
      SUM(alerts) AS alerts, SUM(firings) AS firings, SUM(brief) AS brief, MAX(longest_brief_ms) AS longest_brief_ms,
      SUM(flapping) AS flapping, SUM(ended) AS ended, SUM(untaken) AS untaken, SUM(hidden) AS hidden,
      SUM(alerts > 0) AS subjects,
      MAX(CASE WHEN ranked.place = 1 THEN newest END) AS loudest,
      MAX(CASE WHEN ranked.place = 1 THEN firings END) AS loudest_firings,
      MAX(cut.is_cut) AS is_cut
    FROM ranked
    JOIN (
      SELECT cluster_id, MAX(place) > ${sql.lit(mostAlerts)} AS is_cut FROM kept GROUP BY cluster_id
    ) AS cut ON cut.cluster_id = ranked.cluster_id
    GROUP BY ranked.cluster_id, ranked.rule
  )`;
}
