import { alertName } from '../../domain/alert.ts';
import type { News } from '../../store/slack/channel-plan.ts';
import { count, safe } from './text.ts';

/** The reply that notifies a channel of those that joined a message; where they are of several severities, with that of each. */
export function newsLine({ severity, count: all, named }: News): string {
  const names = named.map((alert) => {
    const own = alert.severity === severity ? '' : ` ${alert.severity}`;
    return `${alertName(alert)}${own} ${safe(alert.clusterName, 60)}: ${safe(alert.title, 120)}`;
  });
  const more = all > named.length ? [`and ${all - named.length} more`] : [];
  return `*${severity}* ${count(all, 'alert')} joined this message: ${[...names, ...more].join('; ')}.`;
}

export function stormOverLine(): string {
  return '*STORM OVER* For 5 minutes there were fewer than 5 new alerts a minute. New alerts have messages again; the message above says what is still firing.';
}
