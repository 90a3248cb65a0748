import { pruneAlerts } from '../store/alerts/prune-alerts.ts';
import type { Database } from '../store/database.ts';
import { pruneDigests } from '../store/slack/prune-digests.ts';
import { pruneEndings } from '../store/slack/prune-endings.ts';
import { pruneGroups } from '../store/slack/prune-groups.ts';

const everyMs = 600_000;
const batch = { groups: 20, alerts: 100, digests: 500, endings: 500 } as const;

/**
 * Makes the chore that removes alerts that are kept no more, with all that was sent about them. A turn does a little; where more is
 * left, the next one comes at once.
 */
export function tidyAlerts(db: Database): () => Promise<void> {
  let dueAt = 0;
  return async () => {
    if (performance.now() < dueAt) return;
    // Also when something fails: the rest of the loop is more urgent.
    dueAt = performance.now() + everyMs;
    // Those on a message of several can be removed once that is.
    const groups = await pruneGroups(db, { batch: batch.groups });
    const alerts = await pruneAlerts(db, { batch: batch.alerts });
    const digests = await pruneDigests(db, { batch: batch.digests });
    const endings = await pruneEndings(db, { batch: batch.endings });
    if (groups + alerts + digests + endings > 0) dueAt = 0;
  };
}
