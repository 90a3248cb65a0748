import { randomUUID } from 'node:crypto';
import { durationInWords } from '../../domain/alert-facts.ts';
import { count } from '../../domain/words.ts';
import type { ApiDeps } from '../../resolvers/api-deps.ts';
import { msSinceRefusedWrite } from '../../store/database.ts';
import { readUndelivered, type Undelivered } from '../../store/reads/deliveries.ts';
import { isRefusedWrite } from '../../store/store-errors.ts';
import { writeMark } from '../../store/write-mark.ts';

/**
 * `ready` = this process can do its work. `degraded` = it can, but slower or with less: without Redis' notifications,
 * runs go on because the loop finds what is due. `problems` says in sentences what is wrong.
 */
export type Readiness = {
  readonly ready: boolean;
  readonly degraded: boolean;
  readonly mysql: 'ok' | 'away' | 'refuses-writes';
  readonly redis: 'ok' | 'away' | 'refuses-writes';
  /**
   * `undelivered` = people should have been told of alerts by now and were not; null = not looked at. The process is ready all the same:
   * one that is restarted because Slack is away helps nobody.
   */
  readonly alerts: 'ok' | 'undelivered' | null;
  readonly problems: readonly string[];
};

const patienceMs = 2_000;
/** How long a refused write makes this process not ready; the monitor alone writes more often than that. */
const refusalCountsMs = 60_000;

const problemOf = {
  mysql: {
    away: 'MySQL does not answer: nothing can be read or started until it does.',
    'refuses-writes': 'MySQL cannot write, its disk is full or it is read-only: nothing can be started or recorded.',
  },
  redis: {
    away: 'Redis does not answer: runs go on, but begin later.',
    'refuses-writes': 'Redis takes no writes, it is out of memory or a replica: runs go on, but begin later.',
  },
} as const;

/** What this process needs, tested now: MySQL has to write a row, Redis to accept a key and to pass a notification on. */
export async function readReadiness({ db, doorbell }: Pick<ApiDeps, 'db' | 'doorbell'>): Promise<Readiness> {
  const [mysql, redis, alerts] = await Promise.all([
    inTime<Readiness['mysql']>(
      writeMark(db).then(
        () => (refusedLately(db) ? 'refuses-writes' : 'ok'),
        (error: unknown) => (isWriteRefused(error) ? 'refuses-writes' : 'away'),
      ),
    ),
    inTime<Readiness['redis']>(readRedis(doorbell)),
    lookAtAlerts(db),
  ]);
  const problems = [
    ...(mysql === 'ok' ? [] : [problemOf.mysql[mysql]]),
    ...(redis === 'ok' ? [] : [problemOf.redis[redis]]),
    ...(alerts === null || alerts.count === 0 ? [] : [undeliveredInWords(alerts)]),
  ];
  return {
    ready: mysql === 'ok' && redis !== 'away',
    degraded: problems.length > 0,
    mysql,
    redis,
    alerts: alerts === null ? null : alerts.count === 0 ? 'ok' : 'undelivered',
    problems,
  };
}

async function lookAtAlerts(db: ApiDeps['db']): Promise<Undelivered | null> {
  const found = await inTime<Undelivered>(readUndelivered(db));
  return found === 'away' ? null : found;
}

function undeliveredInWords({ count: all, oldestMs, error }: Undelivered): string {
  const why = error === null ? 'no process that is connected to Slack has done so' : `Slack answered ${error}`;
  return `${count(all, 'alert')} that people should have been told of ${all === 1 ? 'waits' : 'wait'} for ${durationInWords(oldestMs)}: ${why}. The query alerts(filter: { untold: true }) lists what waits.`;
}

/**
 * A server whose disk is full still writes this one row, because it fits into an existing page: so writes that it refused
 * lately count too.
 */
function refusedLately(db: ApiDeps['db']): boolean {
  const sinceMs = msSinceRefusedWrite(db);
  return sinceMs !== null && sinceMs < refusalCountsMs;
}

function isWriteRefused(error: unknown): boolean {
  return isRefusedWrite(error) || (error instanceof Error && isRefusedWrite(error.cause));
}

async function readRedis(doorbell: ApiDeps['doorbell']): Promise<Readiness['redis']> {
  const [written] = await Promise.all([doorbell.tryWrite(), hearOwnWord(doorbell)]);
  return written;
}

async function hearOwnWord(doorbell: ApiDeps['doorbell']): Promise<void> {
  const word = `ready:${randomUUID()}`;
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = doorbell.onChanged((topic) => {
    if (topic === word) resolve();
  });
  const forget = setTimeout(stop, patienceMs);
  doorbell.changed(word);
  await promise;
  clearTimeout(forget);
  stop();
}

async function inTime<T>(work: Promise<T>): Promise<T | 'away'> {
  const { promise: tooLate, resolve } = Promise.withResolvers<'away'>();
  const timer = setTimeout(() => resolve('away'), patienceMs);
  try {
    return await Promise.race([work, tooLate]);
  } catch {
    return 'away';
  } finally {
    clearTimeout(timer);
  }
}
