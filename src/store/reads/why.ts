import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { MaintenanceWindow } from '../../domain/calendar.ts';
import type { StoppedNode } from '../../domain/cluster.ts';
import type { OwnRule } from '../../domain/rules/book.ts';
import type { RuledNode } from '../../domain/rules/judge-metric.ts';
import type { WatchedCluster } from '../../domain/rules/watched.ts';
import { asActive, type Silence } from '../../domain/silence.ts';
import { type AlertFacts, messageStates } from '../../domain/why/why-alert.ts';
import type { WhyNotFacts } from '../../domain/why/why-not.ts';
import type { Reader } from '../database.ts';
import { covering } from './covering-silences.ts';
import { hidingOver } from './hiding-windows.ts';
import type { plannedWorkOfClusters } from './planned-work.ts';

const state = z.enum(messageStates);

/** What is recorded of alerts that the caller has read with their rights, and of the messages about them, in the same order; three statements. */
export async function recordsOfAlerts(db: Reader, alerts: readonly Alert[]): Promise<readonly AlertRecords[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map(({ id }) => id);
  // The message that tells of it: one of its own, or that of its group or of a storm.
  const messages = await db
    .selectFrom('alert_delivery')
    .leftJoin('slack_card', 'slack_card.id', 'alert_delivery.card_id')
    .select(['alert_delivery.alert_id', 'alert_delivery.channel', 'waits_since', 'told_at'])
    .select(['slack_card.kind', 'state', 'error', 'attempts', 'created_at', 'slack_card.channel as place'])
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
        told: message?.told_at == null ? null : { at: message.told_at, channel: message.place ?? message.channel },
        card: message === undefined ? null : cardOf(message),
        waits: message?.waits_since == null ? null : { since: message.waits_since, channel: message.channel },
      },
    };
  });
}

/** All but what follows from rules about when somebody is told or called. */
export type AlertRecords = Pick<AlertFacts, 'alert' | 'openedBecause' | 'hiddenByRun'> & {
  readonly delivery: Pick<AlertFacts['delivery'], 'told' | 'card'> & {
    /** Since when it waits to be told in a channel; null = it does not wait. */
    readonly waits: { readonly since: Date; readonly channel: string } | null;
  };
};

type Message = {
  /** Where it is: not always where it was planned. */
  readonly place: string | null;
  readonly kind: string | null;
  readonly state: string | null;
  readonly error: string | null;
  readonly attempts: number | null;
  readonly created_at: Date | null;
};

function cardOf({
  place: channel,
  kind,
  state: word,
  error,
  attempts,
  created_at: createdAt,
}: Message): AlertFacts['delivery']['card'] {
  if (word === null || attempts === null || createdAt === null || channel === null) return null;
  return { channel, isDaily: kind === 'DIGEST', error, attempts, createdAt, state: state.parse(word) };
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

/** How a caller reads what decides why a rule calls nobody: straight from the database, or through loaders. */
export type WhyNotReads = {
  /** People's own rules of a name that the asker may see, removed ones too. */
  readonly ownRulesCalled: (name: string) => Promise<readonly OwnRule[]>;
  readonly plannedWork: (clusterId: string) => Promise<readonly PlannedWork[]>;
  readonly stoppedNodes: (clusterId: string) => Promise<readonly StoppedNode[]>;
  /** The maintenance windows that hide alerts, whether they are open or not. */
  readonly windows: () => Promise<readonly MaintenanceWindow[]>;
  readonly silences: (at: Date) => Promise<readonly Silence[]>;
  readonly factsOfAlerts: (alerts: readonly Alert[]) => Promise<readonly AlertFacts[]>;
};

type PlannedWork = Awaited<ReturnType<typeof plannedWorkOfClusters>>[number];

/** All that is known of why a rule calls nobody on a cluster, which the caller has read with their rights. */
export async function readWhyNot(
  reads: WhyNotReads,
  watched: WatchedCluster,
  { name, node }: { readonly name: string; readonly node: RuledNode | null },
): Promise<WhyNotFacts> {
  const { id: clusterId, environment } = watched.cluster;
  const [own, runs, stopped, silences, windows, alerts] = await Promise.all([
    reads.ownRulesCalled(name),
    reads.plannedWork(clusterId),
    reads.stoppedNodes(clusterId),
    reads.silences(watched.now),
    reads.windows(),
    reads.factsOfAlerts(watched.alerts.filter(({ rule }) => rule === name)),
  ]);
  const removed = own.findLast((each) => each.removed !== null) ?? null;
  const covers = covering(silences, { clusterId, environment, at: watched.now });
  return {
    ...{ watched, name, node, removed, alerts, silences: covers.map(asActive) },
    windows: hidingOver(windows, { clusterId, environment, at: watched.now }),
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
  };
}
