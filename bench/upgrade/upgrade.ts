import { join } from 'node:path';
import { defineBenchmark } from '../lib/benchmark.ts';
import { round } from '../lib/statistics.ts';
import { requireAnsible } from './require-ansible.ts';
import { preparePlaybook } from './run-playbook.ts';
import { takeSnapshot } from './snapshot.ts';
import { timeUpgrade } from './timed-upgrade.ts';
import { startUpgradeWorld } from './world.ts';

const [from, target] = ['3.4.6', '3.5.0'];

/**
 * What an upgrade costs beyond the time that the nodes need: ours against a playbook that does the same on the same
 * hosts. Both begin with the very same files on every host and all nodes freshly started from them.
 */
export const upgrade = defineBenchmark({
  name: 'upgrade',
  summary: 'What a rolling upgrade costs beyond the stopping and starting of the nodes, against an Ansible playbook.',
  full: { frontends: 3, backends: 17, width: 1, speed: 20 },
  quick: { frontends: 1, backends: 1, width: 1, speed: 40 },
  measure: async (bench, { frontends, backends, width, speed }) => {
    requireAnsible(bench.say);
    await using undo = new AsyncDisposableStack();
    const size = { frontends, backends, speed };
    const world = await startUpgradeWorld({ dir: join(bench.dir, 'world'), version: from, ...size }, undo);
    await takeSnapshot(world);
    const ansible = await timeUpgrade(world, {
      target,
      prepare: () => preparePlaybook(world, { target, width, dir: join(bench.dir, 'ansible') }),
    });
    bench.say(`ansible: ${round(ansible.wallMs)} ms, of which the nodes needed ${round(ansible.nodeMs)} ms`);
    return { ansibleOverheadMs: round(ansible.overheadMs), nodes: frontends + backends };
  },
});
