import { randomBytes } from 'node:crypto';

/** The settings of a Starwarden on these services; everything else is as in production. */
export function environment(services: { databaseUrl: string; redisUrl: string }): Record<string, string> {
  return {
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
  };
}
