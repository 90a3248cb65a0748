import { type Alerting, routeOf } from '../../domain/alert-route.ts';
import { listRoutes } from '../../store/reads/escalations.ts';
import type { Bot } from '../bot.ts';

/** To which channels alerts go. */
export type Routes = {
  /** The channel of an alert; null = none, because none is configured. Pure: it is asked for thousands at once. */
  readonly route: (alert: Alerting) => string | null;
  /** Whether any alert at all has a channel. */
  readonly isAnywhere: boolean;
  /** All of them. */
  readonly channels: readonly string[];
};

/** Reads once what the channels of many alerts follow from. */
export async function readRoutes({ db, settings }: Pick<Bot, 'db' | 'settings'>): Promise<Routes> {
  const routes = await listRoutes(db, { visibility: 'everywhere', past: false });
  const named = [settings.alertChannel, ...routes.map(({ channel }) => channel)].filter((channel) => channel !== null);
  const channels = [...new Set(named)];
  return {
    route: (alert) => routeOf(routes, alert)?.channel ?? settings.alertChannel,
    ...{ channels, isAnywhere: channels.length > 0 },
  };
}

/** The channel of one alert; null = none is configured. */
export async function channelOf(bot: Pick<Bot, 'db' | 'settings'>, alert: Alerting): Promise<string | null> {
  return (await readRoutes(bot)).route(alert);
}
