import { z } from 'zod';
import { theCluster } from '../../../domain/subject.ts';
import { defineStep } from '../../../steps/define.ts';

/** Adds the upgrade to the cluster's history, where it stays open until `finalizeUpgrade`. */
export const recordUpgrade = defineStep({
  kind: 'recordUpgrade',
  params: z.object({
    direction: z.enum(['UPGRADE', 'DOWNGRADE']),
    fromVersion: z.string(),
    toVersion: z.string(),
  }),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ fromVersion, toVersion }) => `Write the way from ${fromVersion} to ${toVersion} into the history`,
  check: async (_params, { inventory }, { clusterId, runId }) =>
    (await inventory.listOpenUpgrades(clusterId)).some((upgrade) => upgrade.runId === runId)
      ? { state: 'done' }
      : { state: 'todo' },
  apply: async (upgrade) => ({ state: 'done', records: [{ record: 'upgradeBegun', upgrade }] }),
  undo: { nothing: 'History stays.' },
});

/** The reason that each upgrade gets whose old binaries a finalization removes, before the first of them is removed. */
const finalized =
  'The old binaries were removed when the upgrade was finalized; downgradeCluster leads back, where the versions allow it';

/** Removes what upgrades have kept and staged beside a node's binaries. After this there is no quick way back. */
export const removeKept = defineStep({
  kind: 'removeKept',
  params: z.object({ hostId: z.string(), label: z.string(), deployDir: z.string() }),
  about: ({ label }) => ({ kind: 'node', id: null, label }),
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 1_200_000,
  repeat: 'safe',
  describe: ({ label }) => `Remove the old binaries of ${label}`,
  check: async (place, { node }, { signal, attempts }) => {
    const kept = await (await node(place)).kept({ signal });
    return attempts > 0 && kept.length === 0 ? { state: 'done' } : { state: 'todo' };
  },
  recordsBefore: () => [{ record: 'undoForbidden', reason: finalized }],
  apply: async (place, { node }, { signal }) => {
    await (await node(place)).removeKept({ signal });
  },
  undo: { impossible: 'The old binaries are gone' },
});

/** A run that was taken back leaves nothing that could be finalized. */
export const closeThisUpgrade = defineStep({
  kind: 'closeThisUpgrade',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Close the entry of this run in the history',
  check: async (_params, { inventory }, { clusterId, runId }) =>
    (await inventory.listOpenUpgrades(clusterId)).some((upgrade) => upgrade.runId === runId)
      ? { state: 'todo' }
      : { state: 'done' },
  apply: async () => ({ state: 'done', records: [{ record: 'upgradesClosed', of: 'run' }] }),
  undo: { nothing: 'History stays.' },
});

export const closeUpgrades = defineStep({
  kind: 'closeUpgrades',
  params: z.object({}),
  about: () => theCluster,
  effect: 'changes',
  ports: ['inventory'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: () => 'Mark the upgrades of this cluster as final',
  check: async (_params, { inventory }, { clusterId }) =>
    (await inventory.listOpenUpgrades(clusterId)).length === 0 ? { state: 'done' } : { state: 'todo' },
  apply: async () => ({
    state: 'done',
    records: [
      { record: 'undoForbidden', reason: finalized },
      { record: 'upgradesClosed', of: 'cluster' },
    ],
  }),
  undo: { nothing: 'History stays.' },
});
