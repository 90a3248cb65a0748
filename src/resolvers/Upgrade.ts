import { z } from 'zod';
import { absencesIn } from '../domain/absences.ts';
import type { UpgradeEntry } from '../store/reads/upgrades.ts';
import { type PageArguments, readConnection, slicePage } from './connection.ts';
import type { RequestContext } from './request-context.ts';

export const Upgrade = {
  cluster: (upgrade: UpgradeEntry, _: unknown, { loaders }: RequestContext) => loaders.cluster.load(upgrade.clusterId),
  run: (upgrade: UpgradeEntry, _: unknown, { loaders }: RequestContext) => loaders.run.load(upgrade.runId),
  nodes: async (upgrade: UpgradeEntry, _: unknown, { loaders }: RequestContext) =>
    absencesIn(await loaders.stepsOfRun.load(upgrade.runId)).map(({ name, awaySince, ...rest }) => ({
      ...rest,
      node: name,
      stoppedAt: awaySince,
    })),
};

const key = z.object({ startedAt: z.iso.datetime().transform((text) => new Date(text)), id: z.string() });

/** A page of one cluster's history, which was read as a whole, newest first: a cluster has some dozens of entries. */
export function readUpgrades(entries: readonly UpgradeEntry[], page: PageArguments) {
  return readConnection<UpgradeEntry, z.infer<typeof key>>(page, {
    name: 'upgrades',
    key,
    keyOf: ({ startedAt, id }) => ({ startedAt, id }),
    read: async (part) => slicePage(entries, { ...part, isBehind, isAhead: (entry, place) => isBehind(place, entry) }),
    count: async () => entries.length,
  });
}

/** Whether `entry` is older than `after`. */
function isBehind(entry: z.infer<typeof key>, after: z.infer<typeof key>): boolean {
  const difference = entry.startedAt.getTime() - after.startedAt.getTime();
  return difference < 0 || (difference === 0 && entry.id < after.id);
}
