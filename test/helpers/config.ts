import { randomBytes } from 'node:crypto';
import { type Config, loadConfig } from '../../src/config.ts';

/** A configuration for tests: short leases, silent, no Slack. `env` adds or replaces variables. */
export function testConfig(
  services: { databaseUrl: string; redisUrl: string; prefix: string },
  env: Record<string, string> = {},
): Config {
  return loadConfig({
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    STARWARDEN_QUEUE_PREFIX: services.prefix,
    STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
    STARWARDEN_LEASE_MS: '2000',
    STARWARDEN_RECOVER_INTERVAL_MS: '100',
    LOG_LEVEL: 'silent',
    ...env,
  });
}
