import type { Alert } from '../../domain/alert.ts';
import type { AlertFacts } from '../../domain/why/why-alert.ts';
import type { Reader } from '../database.ts';
import { openSilences } from '../reads/covering-silences.ts';
import { deliveriesOfSteps, stepsOfAlerts } from '../reads/escalations.ts';
import { hidingWindows } from '../reads/hiding-windows.ts';
import { plannedWorkOfClusters } from '../reads/planned-work.ts';
import { listOwnRules } from '../reads/rules.ts';
import { stoppedNodesOfClusters } from '../reads/stopped-nodes.ts';
import type { Visibility } from '../reads/visibility.ts';
import { recordsOfAlerts, type WhyNotReads } from '../reads/why.ts';
import { readWaits } from '../slack/channel-state.ts';
import { escalationFactsOf } from './facts.ts';

type Asked = {
  readonly now: Date;
  /** Names of people who have a Slack account by the configuration. */
  readonly linkedNames: readonly string[];
};

/**
 * What decided whether people were told of alerts that the caller has read with their rights, in the same order, and who is called
 * next; as many statements as for one.
 */
export async function factsOfAlerts(
  db: Reader,
  alerts: readonly Alert[],
  { now, linkedNames }: Asked,
): Promise<readonly AlertFacts[]> {
  if (alerts.length === 0) return [];
  const records = await recordsOfAlerts(db, alerts);
  const waiting = records.filter(({ delivery }) => delivery.waits !== null);
  const waits = await readWaits(db, {
    now,
    channels: [...new Set(waiting.flatMap(({ delivery }) => delivery.waits?.channel ?? []))],
    clusterIds: [...new Set(waiting.map(({ alert }) => alert.clusterId))],
  });
  const steps = await stepsOfAlerts(
    db,
    alerts.map(({ id }) => id),
  );
  const sent = await deliveriesOfSteps(
    db,
    steps.map(({ id }) => id),
  );
  const open = alerts.filter(({ signal }) => signal !== 'RESOLVED');
  const ahead = await escalationFactsOf(db, open, { at: now, linkedNames });
  return records.map(({ delivery, ...rest }) => {
    const { id } = rest.alert;
    const planned = waits.find(({ alertId }) => alertId === id) ?? null;
    const own = steps.filter(({ alertId }) => alertId === id);
    const last = own.at(-1) ?? null;
    return {
      ...rest,
      delivery: {
        ...delivery,
        waits: delivery.waits === null ? null : { ...delivery.waits, planned },
        escalation: {
          last: last === null ? null : { ...last, sent: sent.filter(({ stepId }) => stepId === last.id) },
          ahead: ahead.get(id) ?? null,
        },
      },
    };
  });
}

/** Reads from the database for somebody who sees this. */
export function whyNotReads(
  db: Reader,
  { visibility, ...asked }: Asked & { readonly visibility: Visibility },
): WhyNotReads {
  return {
    ownRulesCalled: (name) => listOwnRules(db, { visibility, names: [name], removed: true }),
    plannedWork: (clusterId) => plannedWorkOfClusters(db, { clusterIds: [clusterId], windowMs: 0 }),
    stoppedNodes: (clusterId) => stoppedNodesOfClusters(db, [clusterId]),
    silences: (at) => openSilences(db, { at, visibility }),
    windows: () => hidingWindows(db, { visibility }),
    factsOfAlerts: (alerts) => factsOfAlerts(db, alerts, asked),
  };
}
