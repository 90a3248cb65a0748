import { sha256Of } from '../../../domain/deploy/text-sum.ts';
import { defineStep } from '../../../steps/define.ts';
import { newNode } from '../new-node.ts';
import { aboutNewNode, installationOf, notClaimed } from './place.ts';

const names = { FRONTEND: 'fe.conf', BACKEND: 'be.conf', COMPUTE_NODE: 'cn.conf' } as const;

/** Writes the node's conf file, and compares its checksum on the host. */
export const writeConf = defineStep({
  kind: 'writeConf',
  params: newNode,
  about: aboutNewNode,
  effect: 'changes',
  ports: ['node'],
  timeoutMs: 120_000,
  repeat: 'safe', // written through a temporary name
  describe: ({ label, kind, deployDir }) => `Write ${deployDir}/conf/${names[kind]} of ${label}`,
  check: async ({ conf, ...place }, { node }, { signal, runId }) => {
    const { dirs, confSha256 } = await (await node(place)).installed(installationOf(place, runId), { signal });
    const blocked = notClaimed(place, dirs);
    if (blocked !== null) return blocked;
    if (confSha256 === null) return { state: 'todo' };
    if (confSha256 === sha256Of(conf)) return { state: 'done' };
    return {
      state: 'blocked',
      code: 'PRECONDITION_FAILED',
      message: `${place.deployDir}/conf/${names[place.kind]} on ${place.hostAddress} is another one than this run would write`,
      hint: 'Somebody changed it. Undo the run, and ask for the same again with what the file should say.',
    };
  },
  apply: async ({ conf, ...place }, { node }, { signal, runId }) => {
    await (await node(place)).configure(installationOf(place, runId), conf, { signal });
    return { state: 'done' };
  },
  undo: { planned: 'What was installed is removed when the run is undone.' },
});
