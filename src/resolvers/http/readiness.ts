import { randomUUID } from 'node:crypto';
import { pingDatabase } from '../../store/queries/ping.ts';
import type { ApiDeps } from '../api-deps.ts';

export type Readiness = { readonly ready: boolean; readonly mysql: 'ok' | 'away'; readonly redis: 'ok' | 'away' };

const patienceMs = 2_000;

/** Whether what this process needs answers now: MySQL a statement, and Redis by passing a word through it. */
export async function readReadiness({ db, doorbell }: Pick<ApiDeps, 'db' | 'doorbell'>): Promise<Readiness> {
  const [mysql, redis] = await Promise.all([inTime(pingDatabase(db)), inTime(hearOwnWord(doorbell))]);
  return { ready: mysql === 'ok' && redis === 'ok', mysql, redis };
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

async function inTime(work: Promise<void>): Promise<'ok' | 'away'> {
  const { promise: tooLate, resolve } = Promise.withResolvers<'away'>();
  const timer = setTimeout(() => resolve('away'), patienceMs);
  try {
    return await Promise.race([work.then(() => 'ok' as const), tooLate]);
  } catch {
    return 'away';
  } finally {
    clearTimeout(timer);
  }
}
