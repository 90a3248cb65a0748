import type { Alert } from '../../domain/alert.ts';
import { routeOf } from '../../domain/alert-route.ts';
import { listRoutes } from '../../store/reads/escalations.ts';
import type { Bot } from '../bot.ts';

/** What decides to which channel an alert goes. */
export type Routable = Pick<Alert, 'clusterId' | 'environment' | 'rule' | 'severity' | 'labels'>;

/** To which channel an alert goes; null = to none, because none is configured. Pure: it is asked for thousands at once. */
export type Routes = (alert: Routable) => string | null;

/** Reads once what the channels of many alerts follow from. */
export async function readRoutes({ db, settings }: Pick<Bot, 'db' | 'settings'>): Promise<Routes> {
  const routes = await listRoutes(db, { visibility: 'everywhere', past: false });
  return (alert) => routeOf(routes, alert)?.channel ?? settings.alertChannel;
}

/** The channel of one alert; null = none is configured. */
export async function channelOf(bot: Pick<Bot, 'db' | 'settings'>, alert: Routable): Promise<string | null> {
  return (await readRoutes(bot))(alert);
}
