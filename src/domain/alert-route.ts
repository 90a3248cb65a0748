import { type Severity, severities } from './alert.ts';
import type { CalendarScope } from './calendar.ts';
import { isTimeZone } from './cron.ts';
import { isHostAddress, isLoopback } from './host-address.ts';
import { mistakeInHours, type WorkingHours } from './wall-clock.ts';

/** Where alerts go and who is called for them. One for each scope and severity holds at a time. */
export type AlertRoute = {
  readonly id: string;
  readonly scope: CalendarScope;
  /** Alerts as bad as this or worse. */
  readonly leastSeverity: Severity;
  /** Ids of Slack channels; null as `channel` = `SLACK_ALERT_CHANNEL`. */
  readonly channel: string | null;
  readonly secondChannel: string | null;
  /** Where a card goes that Slack does not take in `channel`. */
  readonly fallbackChannel: string | null;
  /** The name of the rotation. */
  readonly rotation: string | null;
  /** Ids of Slack user groups (`S…`). */
  readonly userGroup: string | null;
  readonly managerGroup: string | null;
  readonly webhook: RouteWebhook | null;
  /** When somebody is called for MEDIUM; null = at any time. */
  readonly workingHours: WorkingHours | null;
};

/** Both may be references (`env:…`, `file:…`); the secret always is one. */
export type RouteWebhook = { readonly url: string; readonly secret: string };

/** What decides which route an alert has. */
export type Alerting = { readonly clusterId: string; readonly environment: string; readonly severity: Severity };

const width = { cluster: 0, environment: 1, all: 2 } as const;
const badness = (severity: Severity) => severities.indexOf(severity);

/** The route of an alert: of those that fit, the narrowest; of these the one that asks for the worst. Null = there is none. */
export function routeOf(routes: readonly AlertRoute[], alert: Alerting): AlertRoute | null {
  const fitting = routes.filter(
    ({ scope, leastSeverity }) => covers(scope, alert) && badness(alert.severity) <= badness(leastSeverity),
  );
  const [best = null] = fitting.toSorted(
    (a, b) => width[a.scope.kind] - width[b.scope.kind] || badness(a.leastSeverity) - badness(b.leastSeverity),
  );
  return best;
}

function covers(scope: CalendarScope, { clusterId, environment }: Omit<Alerting, 'severity'>): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'environment':
      return scope.environment === environment;
    case 'cluster':
      return scope.clusterId === clusterId;
    default:
      return scope satisfies never;
  }
}

/** Whether everything of the inner scope lies in the outer one; `environment` = that of the inner one's cluster. */
export function isWithin(inner: CalendarScope, outer: CalendarScope, environment: string | null): boolean {
  if (outer.kind === 'all') return true;
  if (outer.kind === 'cluster') return inner.kind === 'cluster' && inner.clusterId === outer.clusterId;
  if (inner.kind === 'environment') return inner.environment === outer.environment;
  return inner.kind === 'cluster' && environment === outer.environment;
}

/** Whether there is anybody to call: a route that only names a channel leaves it to chance who reads it. */
export function callsSomebody(route: AlertRoute, isReached: (rotation: string) => boolean): boolean {
  const { rotation, userGroup, managerGroup, webhook } = route;
  return (rotation !== null && isReached(rotation)) || (userGroup ?? managerGroup ?? webhook) !== null;
}

type Wanted = Omit<AlertRoute, 'id' | 'scope' | 'leastSeverity'>;

/** What is wrong with a route as it is asked for: the field and a sentence; null = nothing. */
export function mistakeInRoute(route: Wanted): { readonly field: string; readonly message: string } | null {
  for (const field of ['channel', 'secondChannel', 'fallbackChannel'] as const)
    if (route[field] !== null && !/^[CG][A-Z0-9]{2,30}$/.test(route[field]))
      return { field, message: 'A channel is named by its id, such as C0123ABCD' };
  for (const field of ['userGroup', 'managerGroup'] as const)
    if (route[field] !== null && !/^S[A-Z0-9]{2,30}$/.test(route[field]))
      return { field, message: 'A user group is named by its id, such as S0123ABCD' };
  if (route.channel !== null && [route.secondChannel, route.fallbackChannel].includes(route.channel))
    return { field: 'channel', message: 'The second and the fallback channel are others than the channel' };
  if (route.webhook !== null) {
    const { url, secret } = route.webhook;
    const inUrl = isReference(url) ? null : whyNoWebhook(url);
    if (inUrl !== null) return { field: 'webhookUrl', message: inUrl };
    if (!isReference(secret))
      return { field: 'webhookSecret', message: 'The secret is given as env:NAME or file:/path, and is not stored' };
  }
  const hours = route.workingHours;
  if (hours === null) return null;
  if (!isTimeZone(hours.timeZone))
    return { field: 'workingHours', message: 'The time zone is an IANA name, such as Europe/Berlin or UTC' };
  const inHours = mistakeInHours(hours);
  return inHours === null ? null : { field: 'workingHours', message: inHours };
}

function isReference(text: string): boolean {
  return /^(env|file):./.test(text);
}

const secretParameter = /^(signature|sig|token|access_token|api_?key|key|password|secret)$/i;

/**
 * Why nothing is sent to a URL; null = it may be sent there. By https to a host; without it only to this very machine. Never to
 * link-local addresses, where clouds keep credentials. The answer repeats nothing of the text, which may hold a secret.
 */
export function whyNoWebhook(text: string): string | null {
  if (!/^[\x21-\x7e]{1,500}$/.test(text) || !URL.canParse(text)) return 'A webhook is a URL that begins with https://';
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isHere = isLoopback(host) || host === '::1';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isHere))
    return 'A webhook is a URL that begins with https://';
  if (
    url.username !== '' ||
    url.password !== '' ||
    [...url.searchParams.keys()].some((key) => secretParameter.test(key))
  )
    return 'There is a secret in the URL, and it would be stored and shown: give the URL as env:NAME or file:/path';
  if (!isHostAddress(host)) return 'A webhook is a URL that begins with https://';
  return isForbiddenAddress(host) ? 'Nothing is sent to link-local, multicast or unspecified addresses' : null;
}

/** Addresses at which no service of somebody else's answers: link-local, multicast, unspecified. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(plain)) {
    const [first = 0, second = 0] = plain.split('.').map(Number);
    return first === 0 || first >= 224 || (first === 169 && second === 254);
  }
  // Of a mapped address written in hex nobody can say at a glance what it is.
  return plain === '::' || /^(fe[89ab]|ff|::ffff:)/.test(plain);
}
