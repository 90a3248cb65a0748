import { randomBytes } from 'node:crypto';

/** An environment for tests: short leases, silent, no Slack. `env` adds or replaces variables. */
export function testEnv(
  services: { databaseUrl: string; redisUrl: string; prefix: string },
  env: Record<string, string> = {},
): Record<string, string> {
  return {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    STARWARDEN_QUEUE_PREFIX: services.prefix,
    STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
    STARWARDEN_LEASE_MS: '1500',
    STARWARDEN_RECOVER_INTERVAL_MS: '100',
    LOG_LEVEL: 'silent',
    ...env,
  };
}
