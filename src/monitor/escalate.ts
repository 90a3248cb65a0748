import type { Logger } from 'pino';
import type { SendWebhook } from '../adapters/http/send-webhook.ts';
import { startDueLoop } from '../due-loop.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { advanceEscalation, listDueEscalations, wakeEscalations } from '../store/escalation/advance.ts';
import {
  claimWebhook,
  listDueWebhooks,
  recordWebhook,
  type WebhookDelivery,
  type WebhookResult,
} from '../store/escalation/deliveries.ts';
import { parseSecret, resolveSource, type SecretSettings } from '../store/secrets/secrets.ts';
import { createLookWatch } from './overdue-looks.ts';

/** What escalating needs of the context. */
export type EscalationDeps = {
  readonly config: {
    readonly holder: string;
    readonly slack: { readonly links: readonly { readonly owner: string }[] } | null;
  };
  readonly db: Database;
  readonly log: Logger;
  readonly doorbell: { changed(topic: string): void };
  readonly secrets: SecretSettings;
  readonly sendWebhook: SendWebhook;
};

type LoopDeps = EscalationDeps & {
  readonly config: { readonly monitor: { readonly probeEveryMs: number } };
};

const everyMs = 1_000;
const atOnce = 8;
const webhooksAtOnce = 4;

/** Calls somebody for every alert that nobody takes, until stopped. Any number of processes may do so. */
export function startEscalations(deps: LoopDeps, options: { readonly everyMs?: number } = {}) {
  const { db, log, config } = deps;
  const linkedNames = (config.slack?.links ?? []).map(({ owner }) => owner);
  const advance = async (alertId: string) => {
    if (await advanceEscalation(db, alertId, { holder: config.holder, linkedNames }))
      deps.doorbell.changed(`alert:${alertId}`);
  };
  return startDueLoop({
    name: 'escalation',
    log,
    everyMs: options.everyMs ?? everyMs,
    chores: [() => wakeEscalations(db), createLookWatch(deps, { everyMs: config.monitor.probeEveryMs })],
    kinds: [
      { what: 'escalation', list: (limit) => listDueEscalations(db, limit), handle: advance, atOnce },
      {
        what: 'webhook',
        list: (limit) => listDueWebhooks(db, limit),
        handle: (id) => callWebhook(deps, id),
        atOnce: webhooksAtOnce,
      },
    ],
  });
}

/** Calls one webhook that is due, and records what became of it. */
export async function callWebhook(deps: EscalationDeps, id: string): Promise<void> {
  const delivery = await claimWebhook(deps.db, id, deps.config.holder);
  if (delivery === null) return;
  const result = await send(deps, delivery);
  const about = { delivery: id, alert: delivery.alertId, outcome: result.kind, said: result.said };
  if (result.kind === 'TAKEN') deps.log.info(about, 'a webhook was called');
  else deps.log.warn(about, 'a webhook was not called for certain');
  if (await recordWebhook(deps.db, delivery, result)) deps.doorbell.changed(`alert:${delivery.alertId}`);
}

async function send({ secrets, sendWebhook }: EscalationDeps, delivery: WebhookDelivery): Promise<WebhookResult> {
  const { webhook, body, id } = delivery;
  if (webhook === null) return { kind: 'REFUSED', said: 'the route has no webhook' };
  try {
    const url = /^(env|file):/.test(webhook.url) ? await read(webhook.url, secrets) : webhook.url;
    return await sendWebhook({ url, secret: await read(webhook.secret, secrets), body, idempotencyKey: id });
  } catch (error) {
    // A secret that is not there yet may come; a URL that is none stays one until the route is set anew.
    const isLater = error instanceof AppError && error.code === 'CREDENTIAL_MISSING';
    return { kind: isLater ? 'LATER' : 'REFUSED', said: messageOf(error) };
  }
}

function read(reference: string, secrets: SecretSettings): Promise<string> {
  return resolveSource(parseSecret(reference, secrets), secrets);
}
