import { expect } from 'vitest';
import { readTopology, toObservedNodes } from '../../../src/adapters/starrocks/read-topology.ts';
import { afterRecords, aroundEffects } from '../deaths.ts';
import { sandboxWarnings } from '../upgrades.ts';
import type { CaseTools, CrashCase } from './case.ts';

/** The way to another version, back, and the end of it: one after the other in one cluster. */
export function upgradeCases(tools: CaseTools): Readonly<Record<string, CrashCase>> {
  const { world, engine, changesSent } = tools;
  const names = world.describe().hosts.flatMap((host) => host.nodes.map((node) => node.name));

  /** Nobody can log in while it restarts. */
  const isAlone = names.filter((name) => name.startsWith('fe')).length === 1;

  /** Each node is stopped and started once, and runs that version. */
  function movesOfAll(version: string): readonly string[] {
    const moved = (kind: string) => names.filter((name) => name.startsWith(kind));
    return [
      ...['start_be.sh', 'start_fe.sh', 'stop_be.sh', 'stop_fe.sh'].flatMap((script) =>
        moved(script.includes('_be.') ? 'be' : 'fe').map(() => script),
      ),
      ...names.map(() => version),
      'open changes 0',
    ];
  }

  async function ensureAttachedAndReleases(): Promise<void> {
    await tools.ensureAllAttached();
    await tools.ensureReleases();
  }

  /** What is left of an upgrade and of the way back, which the cases before have made. */
  async function ensureUpgraded(): Promise<void> {
    expect((await openUpgrades()).length).toBeGreaterThan(0);
  }

  const openUpgrades = () => engine.ctx.connections.inventory.listOpenUpgrades(tools.clusterId());

  function changeVersion(to: string) {
    return {
      clusterId: tools.clusterId(),
      to,
      acceptWarnings: isAlone ? [...sandboxWarnings, 'frontends-quorum'] : sandboxWarnings,
      // Watched for a moment after each node, so that there is a comparison to die after.
      soakSeconds: 1,
      stopTimeoutSeconds: 60,
      gateTimeoutSeconds: 60,
      maxRunningQueries: 1_000,
      gateFactor: 100,
    };
  }

  /** How often each node was stopped and started, and what runs on it now. */
  async function movesMade(): Promise<readonly string[]> {
    const sent = (await tools.changingCommands()).toSorted();
    const nodes = toObservedNodes(await readTopology(engine.ctx.connections.portsFor(tools.clusterId()).sql));
    const running = nodes.map(({ version, alive }) => `${version?.replace(/-.*/, '')}${alive ? '' : ' (down)'}`);
    return [...sent, ...running, `open changes ${await openChanges()}`];
  }

  async function openChanges(): Promise<number> {
    return (await engine.ctx.db.selectFrom('temporary_change').selectAll().where('state', '=', 'OPEN').execute())
      .length;
  }

  return {
    upgradeCluster: {
      prepare: ensureAttachedAndReleases,
      input: async () => changeVersion('3.4.6'),
      effects: movesMade,
      wanted: movesOfAll('3.4.6'),
      deaths: [
        ...aroundEffects('fetchArchive', 'unpackRelease', 'dropArchive', 'pauseTabletScheduling'),
        ...aroundEffects('stopForMove', 'swapBinaries', 'startForMove', 'restoreTabletScheduling'),
        'after-effect recordUpgrade',
        'after-effect createMetadataImage',
      ],
    },
    downgradeCluster: {
      prepare: ensureAttachedAndReleases,
      input: async () => changeVersion('3.3.15'),
      effects: movesMade,
      wanted: movesOfAll('3.3.15'),
      deaths: [
        ...afterRecords(
          'sampleQueries',
          'noteJournal',
          'measureBaseline',
          'guardNode',
          'awaitVersion',
          'compareQueries',
        ),
        ...afterRecords('stopForMove', 'swapBinaries', 'startForMove'),
        ...aroundEffects('keepSchedulingPaused'),
      ],
    },
    finalizeUpgrade: {
      prepare: ensureUpgraded,
      input: async () => ({ clusterId: tools.clusterId() }),
      effects: async () => [...(await changesSent()), `open upgrades ${(await openUpgrades()).length}`],
      wanted: ['open upgrades 0'],
      deaths: aroundEffects('removeKept', 'closeUpgrades'),
    },
  };
}
