import { join } from 'node:path';
import { type Bench, defineBenchmark } from '../lib/benchmark.ts';
import { round } from '../lib/statistics.ts';
import { requireAnsible } from './require-ansible.ts';
import { preparePlaybook } from './run-playbook.ts';
import { takeSnapshot } from './snapshot.ts';
import { startOperator } from './starwarden-side.ts';
import { type Timed, timeUpgrade } from './timed-upgrade.ts';
import { startUpgradeWorld, type UpgradeWorld } from './world.ts';

const [from, target] = ['3.4.6', '3.5.0'];

/** What Starwarden asks about before it begins here: StarRocks advises a later 3.4 before 3.5, and there is no backup. */
const acceptWarnings = ['path-allowed', 'backup-fresh'];

/**
 * What an upgrade costs beyond the time that the nodes need: by Starwarden, and by a playbook that takes the same steps
 * on the same hosts. Both begin with the very same files on every host and all nodes freshly started from them, so the
 * order does not matter. What is there on any working day is made before the clock starts: for Starwarden its process,
 * the registered cluster, the attached hosts and the release in the catalogue; for Ansible the inventory with its keys.
 * The clock runs from the request to the end of the run, or from the start of `ansible-playbook` to its end, and the
 * time that the nodes themselves needed is taken off, as somebody sees it who looks at them from outside.
 */
export const upgrade = defineBenchmark({
  name: 'upgrade',
  summary: 'What a rolling upgrade costs beyond the stopping and starting of the nodes, against an Ansible playbook.',
  full: { frontends: 3, backends: 17, width: 1, speed: 20 },
  quick: { frontends: 3, backends: 2, width: 1, speed: 40 },
  limitSeconds: 900,
  measure: async (bench, { width, ...size }) => {
    requireAnsible(bench.say);
    await using undo = new AsyncDisposableStack();
    const world = await startUpgradeWorld({ dir: join(bench.dir, 'world'), version: from, ...size }, undo);
    await takeSnapshot(world);
    const ansible = await timeUpgrade(world, {
      target,
      prepare: () => preparePlaybook(world, { target, width, dir: join(bench.dir, 'ansible') }),
    });
    tell(bench, 'the playbook', ansible);
    const ours = await timeUpgrade(world, { target, prepare: () => prepareOurs(bench, { world, width, undo }) });
    tell(bench, 'Starwarden', ours);
    return {
      ratio: round(ours.overheadMs / ansible.overheadMs),
      ourOverheadMs: Math.round(ours.overheadMs),
      ansibleOverheadMs: Math.round(ansible.overheadMs),
      ourNodeMs: Math.round(ours.nodeMs),
      ansibleNodeMs: Math.round(ansible.nodeMs),
      cpuRatio: round(ours.cpuMs / ansible.cpuMs),
      ourCpuMs: ours.cpuMs,
      ansibleCpuMs: ansible.cpuMs,
      nodes: world.plan.nodes.length,
    };
  },
});

type Preparation = {
  readonly world: UpgradeWorld;
  readonly width: number;
  readonly undo: AsyncDisposableStack;
};

async function prepareOurs(bench: Bench, { world, width, undo }: Preparation): Promise<() => Promise<void>> {
  const { clusterId, carryOut } = await startOperator(bench, { world, target, undo });
  return () => carryOut('upgradeCluster', { clusterId, to: target, parallel: width, soakSeconds: 0, acceptWarnings });
}

function tell({ say }: Bench, who: string, { wallMs, nodeMs, overheadMs, cpuMs }: Timed): void {
  const [wall, nodes, own, cpu] = [wallMs, nodeMs, overheadMs, cpuMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  say(`${who}: ${wall}, of which the nodes needed ${nodes} to stop and start; ${own} of its own; ${cpu} of CPU time`);
}
