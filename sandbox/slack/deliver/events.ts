import type { Core } from '../core.ts';
import type { JsonObject } from '../json.ts';
import { lives } from '../limits.ts';
import type { Delivery, Transport } from './delivery.ts';

/**
 * Tells the app of an event, and again at once, after one minute and after five until it acknowledges or asks for no
 * retry. Resolves with the first attempt; the others follow on the clock.
 */
export async function sendEvent(core: Core, transport: Transport, event: JsonObject): Promise<Delivery> {
  const { workspace } = core;
  const payload: JsonObject = {
    token: 'verification-token',
    team_id: workspace.team.id,
    context_team_id: workspace.team.id,
    api_app_id: workspace.appId,
    event,
    type: 'event_callback',
    event_id: core.ids.next('Ev'),
    event_time: Math.floor(core.clock.now() / 1_000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: workspace.team.id,
        user_id: workspace.botUser.id,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: workspace.channels.get(String(event.channel))?.isExternallyShared ?? false,
  };
  const first = await transport.send({ kind: 'events_api', payload });
  retryLater({ core, transport, payload }, first, 0);
  return first;
}

type Attempt = { readonly core: Core; readonly transport: Transport; readonly payload: JsonObject };

function retryLater(attempt: Attempt, last: Delivery, done: number): void {
  const waitMs = lives.eventRetriesMs[done];
  if (last.outcome === 'acked' || waitMs === undefined) return;
  if (last.outcome === 'http_error' && last.noRetry) return;
  const { core, transport, payload } = attempt;
  core.clock.after(waitMs, async () => {
    const retry = { attempt: done + 1, reason: reasonOf(last) };
    const next = await transport.send({ kind: 'events_api', payload, retry });
    retryLater(attempt, next, done + 1);
  });
}

function reasonOf(delivery: Delivery): string {
  if (delivery.outcome === 'operation_timeout') return 'http_timeout';
  return delivery.outcome === 'http_error' ? 'http_error' : 'connection_failed';
}
