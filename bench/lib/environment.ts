import { randomBytes } from 'node:crypto';

/** The settings of a Starwarden on these services; everything else is as in production. */
export function environment(services: { databaseUrl: string; redisUrl: string }): Record<string, string> {
  return {
    NODE_ENV: 'production', // as in the container image; graphql-js checks much more without it
    DATABASE_URL: services.databaseUrl,
    REDIS_URL: services.redisUrl,
    STARWARDEN_SECRET_KEY: randomBytes(32).toString('base64'),
  };
}
