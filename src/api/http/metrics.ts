import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { severities } from '../../domain/alert.ts';
import { runStates } from '../../domain/run.ts';
import type { ApiDeps } from '../../resolvers/api-deps.ts';
import { readDatabaseTime } from '../../store/database.ts';
import {
  countOpenAlerts,
  readDeliveryHealth,
  readFirstTokenEndMs,
  readRunMetrics,
  readUntoldCriticalMs,
} from '../../store/reads/metrics.ts';

export type ApiMetrics = ReturnType<typeof makeMetrics>;

/** How long figures from the database may be shown again: frequent scraping must not become load. */
const keepMs = 2_000;

/** The content of `/metrics`. It holds no names of clusters or persons, so it needs no token. */
export function makeMetrics({ db, log, doorbell }: Pick<ApiDeps, 'db' | 'log' | 'doorbell'>) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const httpSeconds = new Histogram({
    name: 'starwarden_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const graphqlSeconds = new Histogram({
    name: 'starwarden_graphql_duration_seconds',
    help: 'Time a GraphQL request took, by its first root field.',
    labelNames: ['type', 'field', 'outcome'],
    registers,
  });
  const runs = new Gauge({ name: 'starwarden_runs', help: 'Runs by state.', labelNames: ['state'], registers });
  const alerts = new Gauge({
    name: 'starwarden_alerts_open',
    help: 'Alerts that are not resolved, by severity.',
    labelNames: ['severity'],
    registers,
  });
  const lag = new Gauge({
    name: 'starwarden_queue_lag_seconds',
    help: 'How long the oldest run that is due has waited for a worker.',
    registers,
  });
  new Counter({
    name: 'starwarden_redis_words_lost_total',
    help: 'Words that Redis did not take: runs are found later, by the loop that looks for what is due.',
    registers,
    collect() {
      this.reset();
      this.inc(doorbell.wordsLost());
    },
  });
  const storeUp = new Gauge({
    name: 'starwarden_store_up',
    help: 'Whether the database answered when these numbers were read: 1 or 0.',
    registers,
  });
  const slackMessages = new Gauge({
    name: 'starwarden_slack_messages_unsent',
    help: 'Messages that are not in Slack although they should be; failed: Slack refused them.',
    labelNames: ['state'],
    registers,
  });
  const slackWait = new Gauge({
    name: 'starwarden_slack_oldest_unsent_seconds',
    help: 'How long the oldest of these messages has waited; 0 when there is none.',
    registers,
  });
  const untold = new Gauge({
    name: 'starwarden_critical_alert_untold_seconds',
    help: 'How long the oldest CRITICAL alert that fires and is not hidden has waited for Slack to confirm a message about it; 0 when people were told of all.',
    registers,
  });
  const tokenEnd = new Gauge({
    name: 'starwarden_api_token_expires_seconds',
    help: 'How long until the first of the tokens of the API ends that are not replaced by another one; +Inf when none ends.',
    registers,
  });
  const subscriptions = new Gauge({ name: 'starwarden_graphql_subscriptions', help: 'Open subscriptions.', registers });

  let readAt = 0;
  const text = async (): Promise<string> => {
    if (Date.now() - readAt > keepMs) {
      readAt = Date.now();
      await readFromDatabase();
    }
    return registry.metrics();
  };
  const readFromDatabase = async () => {
    try {
      const { byState, queueLagMs } = await readRunMetrics(db);
      for (const state of runStates) runs.set({ state }, byState.get(state) ?? 0);
      const open = await countOpenAlerts(db);
      for (const severity of severities) alerts.set({ severity }, open.get(severity) ?? 0);
      lag.set(queueLagMs / 1000);
      const { unsent, failed, oldestUnsentMs } = await readDeliveryHealth(db);
      slackMessages.set({ state: 'waiting' }, unsent - failed);
      slackMessages.set({ state: 'failed' }, failed);
      slackWait.set((oldestUnsentMs ?? 0) / 1000);
      untold.set((await readUntoldCriticalMs(db)) / 1000);
      tokenEnd.set((await readFirstTokenEndMs(db, await readDatabaseTime(db))) / 1000);
      storeUp.set(1);
    } catch (err) {
      storeUp.set(0);
      log.warn({ err }, 'metrics could not ask the database');
    }
  };
  return {
    httpSeconds,
    graphqlSeconds,
    subscriptions,
    text,
    contentType: registry.contentType,
    stop: () => registry.clear(),
  };
}
