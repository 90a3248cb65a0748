import type { Logger } from 'pino';
import { alertFingerprint, type Severity } from '../domain/alert.ts';
import { type Condition, defaultAlertTimes, durationInWords } from '../domain/alert-life.ts';
import { bookFor } from '../domain/rules/book.ts';
import { type Database, readDatabaseTime } from '../store/database.ts';
import { recordOverdueLook } from '../store/probes/overdue-looks.ts';
import { listClustersInMaking } from '../store/reads/clusters-in-making.ts';
import { listOverdueLooks } from '../store/reads/overdue-looks.ts';
import { readRuleEdits } from '../store/reads/rules.ts';
import { looksLate } from './rules/looks-late.ts';

type WatchDeps = {
  readonly db: Database;
  readonly log: Logger;
  readonly doorbell: { changed(topic: string): void };
};

/** The look that is due, and three more. */
const paces = 4;
const leastMs = 60_000;
const watchEveryMs = 10_000;
const severity: Severity = 'HIGH';

/**
 * Watches from outside that somebody looks at every cluster: a loop that hangs, or whose processes all died, says nothing of itself.
 * Not before this process has run for as long: after a start everything is overdue for a moment.
 */
export function createLookWatch(deps: WatchDeps, { everyMs }: { readonly everyMs: number }): () => Promise<void> {
  const overdueMs = Math.max(paces * everyMs, leastMs);
  let nextAt = performance.now() + overdueMs;
  return async () => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + watchEveryMs;
    await raiseOverdueLooks(deps, { everyMs, overdueMs });
  };
}

type Times = { readonly everyMs: number; readonly overdueMs: number };

/** Raises the alert of each cluster at which nobody has looked for so long; the one of looks that come late is the same. */
export async function raiseOverdueLooks({ db, log, doorbell }: WatchDeps, times: Times): Promise<void> {
  const { everyMs, overdueMs } = times;
  const except = await listClustersInMaking(db);
  for (const { clusterId, environment } of await listOverdueLooks(db, {
    ...{ overdueMs, rule: looksLate.name, severity, except },
  })) {
    const place = { clusterId, environment, at: await readDatabaseTime(db) };
    const damaged = (err: unknown) => log.error({ clusterId, err }, 'a change of a rule cannot be read');
    const edit = bookFor(await readRuleEdits(db, damaged), place).effective(looksLate.name, null);
    if (edit?.off != null) continue;
    const condition = (lastAt: Date) => conditionOf(clusterId, { lastAt, at: place.at, everyMs });
    const policy = { times: defaultAlertTimes, rules: [looksLate] };
    const ids = await recordOverdueLook(db, { clusterId, overdueMs, policy, condition });
    if (ids.length > 0) log.error({ clusterId, overdueMs }, 'nobody looks at a cluster');
    for (const id of ids) doorbell.changed(`alert:${id}`);
  }
}

function conditionOf(
  clusterId: string,
  { lastAt, at, everyMs }: { lastAt: Date; at: Date; everyMs: number },
): Condition {
  const ago = durationInWords(at.getTime() - lastAt.getTime());
  return {
    fingerprint: alertFingerprint({ clusterId, rule: looksLate.name, labels: {} }),
    ...{ rule: looksLate.name, severity, nodeId: null, labels: {}, startedAt: lastAt, forMs: 0, minSamples: 1 },
    title: 'Starwarden does not look at the cluster',
    pastTitle: 'Starwarden did not look at the cluster',
    text: [
      `No look has ended for ${ago}, and one is due every ${durationInWords(everyMs)}; that is so since `,
      '. Whatever breaks meanwhile is not seen, and alerts that fire stay as they were.',
    ],
  };
}
