import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap } from '../bootstrap.mjs';
import { productionFlags, root, runNode } from '../lib/node-child.mjs';
import { dim, say, Told } from '../lib/say.mjs';
import { startServices } from '../services.mjs';

const servers = /** @type {const} */ (['mariadb', 'redis']);
const dataDir = join(root, '.local/data');

/**
 * Starwarden itself. What the environment (or `.env`) does not name, a private instance takes the place of: MariaDB,
 * Redis, and with MariaDB the key that seals secrets and a first token.
 *
 * @param {readonly string[]} args
 */
export async function start(args) {
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const built = process.env.NODE_ENV === 'production';
  const main = built ? 'dist/main.js' : 'src/main.ts';
  if (!existsSync(join(root, main))) {
    throw new Told(`${main} does not exist.`, built ? 'Build it with `npm run build`.' : undefined);
  }

  const needs = { mariadb: !process.env.DATABASE_URL, redis: !process.env.REDIS_URL };
  if (!needs.mariadb && !needs.redis) return runNode([...productionFlags, main, ...args]);

  await bootstrap({ need: servers.filter((server) => needs[server]) });
  const shutdown = deferSignals();
  const services = await startServices({ dir: dataDir, ...needs });
  try {
    if (shutdown.requested()) return 130;
    say(dim(`Data is kept in ${dataDir}. Set DATABASE_URL and REDIS_URL to use servers of your own.`));
    return await runNode([...productionFlags, main, ...args], { env: environmentFor(services, needs) });
  } finally {
    await services.stop();
    shutdown.end();
  }
}

/**
 * @param {import('../services.mjs').Services} services
 * @param {{ mariadb: boolean, redis: boolean }} needs
 * @returns {NodeJS.ProcessEnv}
 */
function environmentFor(services, needs) {
  const env = { ...process.env };
  if (needs.redis) env.REDIS_URL = services.redisUrl;
  if (!needs.mariadb) return env;
  env.DATABASE_URL = services.databaseUrl;
  env.STARWARDEN_SECRET_KEY ||= kept('secret-key', () => randomBytes(32).toString('base64'));
  if (!env.STARWARDEN_BOOTSTRAP_TOKENS && env.STARWARDEN_INSECURE_NO_AUTH !== 'true') {
    const token = kept('admin-token', () => `sw_${randomBytes(24).toString('base64url')}`);
    env.STARWARDEN_BOOTSTRAP_TOKENS = JSON.stringify([{ owner: 'admin', role: 'ADMIN', token }]);
    say(dim(`The API token of its administrator is in ${join(dataDir, 'admin-token')}.`));
  }
  return env;
}

/**
 * A secret that must be the same at the next start, because what is in the database depends on it.
 *
 * @param {string} name
 * @param {() => string} make
 */
function kept(name, make) {
  const file = join(dataDir, name);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const secret = make();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return secret;
}

/** While services start and stop, a signal must not end this process half-way: it is remembered instead. */
function deferSignals() {
  let received = false;
  const note = () => {
    received = true;
  };
  process.on('SIGINT', note);
  process.on('SIGTERM', note);
  return {
    requested: () => received,
    end: () => {
      process.off('SIGINT', note);
      process.off('SIGTERM', note);
    },
  };
}
