import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { RuledNode } from '../../domain/rules/judge-metric.ts';
import type { WatchedCluster } from '../../domain/rules/watched.ts';
import { asActive } from '../../domain/silence.ts';
import { type AlertFacts, messageStates } from '../../domain/why/why-alert.ts';
import type { WhyNotFacts } from '../../domain/why/why-not.ts';
import type { Reader } from '../database.ts';
import { silencesCovering } from './covering-silences.ts';
import { plannedWorkOfClusters } from './planned-work.ts';
import { listOwnRules } from './rules.ts';
import { stoppedNodesOfClusters } from './stopped-nodes.ts';
import type { Visibility } from './visibility.ts';

const state = z.enum(messageStates);

/** What decided whether people were told of alerts that the caller has read with their rights, in the same order; three statements. */
export async function factsOfAlerts(db: Reader, alerts: readonly Alert[]): Promise<readonly AlertFacts[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map(({ id }) => id);
  // The message that tells of it: one of its own, or that of its group or of a storm.
  const messages = await db
    .selectFrom('alert_delivery')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(['alert_delivery.alert_id', 'alert_delivery.channel', 'waits_since', 'told_at'])
    .select(['state', 'error', 'attempts', 'created_at'])
    .where('alert_delivery.alert_id', 'in', ids)
    .execute();
  const opened = await db
    .selectFrom('alert_event')
    .select(['alert_id', 'message'])
    .where('alert_id', 'in', ids)
    .where('type', '=', 'OPENED')
    .execute();
  const runs = await runNumbers(db, alerts);
  return alerts.map((alert) => {
    const message = messages.find(({ alert_id }) => alert_id === alert.id);
    return {
      alert,
      openedBecause: opened.find(({ alert_id }) => alert_id === alert.id)?.message ?? null,
      hiddenByRun: alert.mute.kind === 'NONE' ? null : (runs.get(alert.mute.by) ?? null),
      delivery: {
        told: message?.told_at == null ? null : { at: message.told_at, channel: message.channel },
        card: message === undefined ? null : cardOf(message),
        waits: message?.waits_since == null ? null : { since: message.waits_since },
        escalation: null,
      },
    };
  });
}

type Message = {
  readonly channel: string;
  readonly state: string | null;
  readonly error: string | null;
  readonly attempts: number | null;
  readonly created_at: Date | null;
};

function cardOf({
  channel,
  state: word,
  error,
  attempts,
  created_at: createdAt,
}: Message): AlertFacts['delivery']['card'] {
  if (word === null || attempts === null || createdAt === null) return null;
  return { channel, error, attempts, createdAt, state: state.parse(word) };
}

/** By what hides an alert, as it is stored. A run of the same cluster: whoever sees the one sees the other. */
async function runNumbers(db: Reader, alerts: readonly Alert[]): Promise<ReadonlyMap<string, number>> {
  const ids = alerts.flatMap(({ mute }) =>
    mute.kind !== 'NONE' && mute.by.startsWith('run:') ? [mute.by.slice(4)] : [],
  );
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('run').select(['id', 'number']).where('id', 'in', ids).execute();
  return new Map(rows.map(({ id, number }) => [`run:${id}`, number]));
}

type Asked = { readonly visibility: Visibility; readonly name: string; readonly node: RuledNode | null };

/** All that is known of why a rule calls nobody on a cluster, which the caller has read with their rights. */
export async function readWhyNot(
  db: Reader,
  watched: WatchedCluster,
  { visibility, name, node }: Asked,
): Promise<WhyNotFacts> {
  const { id: clusterId, environment } = watched.cluster;
  const removed = (await listOwnRules(db, { visibility, name, removed: true })).findLast(
    (each) => each.removed !== null,
  );
  const runs = await plannedWorkOfClusters(db, { clusterIds: [clusterId], windowMs: 0 });
  const stopped = await stoppedNodesOfClusters(db, [clusterId]);
  const silences = await silencesCovering(db, { clusterId, environment, at: watched.now });
  return {
    ...{ watched, name, node, removed: removed ?? null, silences: silences.map(asActive) },
    work: [
      ...runs.map(({ nodeId, runNumber }) => ({
        nodeId,
        by: `R-${runNumber}`,
        because: `R-${runNumber} is working on the node`,
      })),
      ...stopped.map(({ nodeId, runNumber, byName }) => ({
        ...{ nodeId, by: `R-${runNumber}` },
        because: `${byName} stopped the node on purpose (R-${runNumber}), until it is started`,
      })),
    ],
    alerts: await factsOfAlerts(
      db,
      watched.alerts.filter(({ rule }) => rule === name),
    ),
  };
}
