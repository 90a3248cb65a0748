import type { Logger } from 'pino';
import { createPrometheus } from '../adapters/prometheus/client.ts';
import type { PrometheusConfig } from '../config.ts';
import { AppError, messageOf } from '../errors.ts';
import type { HistoryElsewhere } from '../runs/engine.ts';
import { parseSecret, resolveSource, type SecretSettings, type SecretSource } from '../store/secrets/secrets.ts';

/**
 * The Prometheus of the settings. Throws for a secret that may not be named. That it does not answer is only logged: what it
 * has is then told from our own history.
 */
export function openPrometheus(
  { url, login, timeoutMs, site }: PrometheusConfig,
  { secrets, log }: { readonly secrets: SecretSettings; readonly log: Logger },
): HistoryElsewhere & { close(): Promise<void> } {
  const authorization = authorizationOf(login, secrets);
  const prometheus = createPrometheus({ url, timeoutMs, authorization });
  const tried = prometheus.version().then(
    (version) => log.info({ version }, 'prometheus answers'),
    (error: unknown) =>
      log.warn(
        { problem: messageOf(error), hint: hintOf(error) },
        'prometheus does not answer; its numbers are told from our own history',
      ),
  );
  return {
    prometheus,
    site,
    close: async () => {
      await prometheus.close();
      await tried;
    },
  };
}

function hintOf(error: unknown): string | null {
  return error instanceof AppError ? (error.hint ?? null) : null;
}

/** Secrets are read with each call, so that a token that is renewed in its file counts. */
function authorizationOf(login: PrometheusConfig['login'], secrets: SecretSettings): () => Promise<string | null> {
  if (login === null) return async () => null;
  switch (login.kind) {
    case 'BEARER': {
      const token = sourceOf('PROMETHEUS_BEARER_TOKEN', login.token, secrets);
      return async () => `Bearer ${await resolveSource(token, secrets)}`;
    }
    case 'BASIC': {
      const password = sourceOf('PROMETHEUS_PASSWORD', login.password, secrets);
      return async () => {
        const pair = `${login.user}:${await resolveSource(password, secrets)}`;
        return `Basic ${Buffer.from(pair).toString('base64')}`;
      };
    }
    default:
      return login satisfies never;
  }
}

function sourceOf(setting: string, text: string, secrets: SecretSettings): SecretSource {
  try {
    return parseSecret(text, secrets);
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new AppError(cause.code, `${setting}: ${cause.message}`, {
      ...(cause.hint !== null && { hint: cause.hint }),
      cause,
    });
  }
}
