import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeLock } from './lib/lock.mjs';
import { startMariadb } from './lib/mariadb.mjs';
import { startRedis } from './lib/redis.mjs';
import { Told } from './lib/say.mjs';

const defaultCacheDir = fileURLToPath(new URL('../.local/cache', import.meta.url));

/**
 * @typedef {object} Absence
 * @property {number} [awayMs] how long nothing answers on its port before it is started again; default 0
 */

/**
 * @typedef {object} Services
 * @property {string} databaseUrl `mysql://` address of an empty database named `starwarden`, whose account may also
 *   create databases called `starwarden_…`; an empty string when MariaDB was not asked for
 * @property {string} redisUrl an empty string when Redis was not asked for
 * @property {() => number[]} pids of the processes that run now
 * @property {() => Promise<void>} flushRedis forgets everything Redis holds
 * @property {(how?: Absence) => Promise<void>} restartRedis kills it and starts it again on the same port with the same password
 * @property {(how?: Absence) => Promise<void>} restartMariadb the same, as a power cut would
 * @property {() => Promise<void>} stop orderly; safe to call twice
 * @property {() => Promise<void>} stopHard SIGKILL, when nothing of it is needed any more
 */

/**
 * Starts a MariaDB and a Redis that belong to this process alone: free ports on 127.0.0.1, random passwords, everything
 * they write under `dir`. They die with this process however it ends. No service of the system is touched or used.
 *
 * @param {object} options
 * @param {string} options.dir kept from one start to the next; only one process at a time may use it
 * @param {boolean} [options.mariadb]
 * @param {boolean} [options.redis]
 * @param {boolean} [options.fast] for tests: nothing needs to survive a power cut
 * @param {string} [options.cacheDir] where an empty data directory is kept to be copied
 * @returns {Promise<Services>}
 */
export async function startServices({ dir, mariadb = true, redis = true, fast = false, cacheDir = defaultCacheDir }) {
  const home = resolve(dir);
  await mkdir(home, { recursive: true, mode: 0o700 });
  const lock = await takeLock(`services ${home}`, { wait: false });
  if (lock === null) throw new Told(`${home} is in use by another running Starwarden.`, 'Stop that one first.');

  // Both are waited for even if one fails, so that the other can be stopped.
  const [database, queue] = await Promise.allSettled([
    mariadb ? startMariadb({ dir: join(home, 'mariadb'), cacheDir, fast }) : null,
    redis ? startRedis({ dir: join(home, 'redis'), durable: !fast }) : null,
  ]);
  const running = [database, queue].flatMap((start) => (start.status === 'fulfilled' ? (start.value ?? []) : []));

  /** @param {'stop' | 'kill'} how */
  const end = async (how) => {
    await Promise.all(running.map(({ server }) => server[how]()));
    await lock.release();
  };
  for (const start of [database, queue]) {
    if (start.status === 'fulfilled') continue;
    await end('kill');
    throw start.reason;
  }

  const databaseStarted = database.status === 'fulfilled' ? database.value : null;
  const queueStarted = queue.status === 'fulfilled' ? queue.value : null;
  return {
    databaseUrl: databaseStarted?.url ?? '',
    redisUrl: queueStarted?.url ?? '',
    pids: () => running.filter(({ server }) => server.alive()).map(({ server }) => server.pid()),
    flushRedis: () => given(queueStarted, 'Redis').flush(),
    restartRedis: (how) => restart(given(queueStarted, 'Redis').server, how),
    restartMariadb: (how) => restart(given(databaseStarted, 'MariaDB').server, how),
    stop: () => end('stop'),
    stopHard: () => end('kill'),
  };
}

/**
 * @param {import('./lib/server.mjs').Server} server
 * @param {Absence} [how]
 */
async function restart(server, { awayMs = 0 } = {}) {
  await server.kill();
  await delay(awayMs);
  await server.restart();
}

/**
 * @template T
 * @param {T | null} service
 * @param {string} name
 * @returns {T}
 */
function given(service, name) {
  if (service === null) throw new Error(`${name} was not asked for when the services were started`);
  return service;
}
