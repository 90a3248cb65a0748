import { z } from 'zod';
import { theCluster } from '../../src/domain/subject.ts';
import { defineOperation } from '../../src/operations/define.ts';
import { clusterId, nodeId } from '../../src/operations/input/fields.ts';
import { defineStep } from '../../src/steps/define.ts';

/**
 * Operations whose steps end when a test says so. `open('one')` lets the step called one end; a step called `bad…`
 * fails instead. They touch nothing.
 */
export function createSteppedOperations() {
  const open = new Set<string>();
  const applied: string[] = [];

  const takeBack = defineStep({
    kind: 'take-back',
    params: z.object({ name: z.string() }),
    about: () => theCluster,
    effect: 'changes',
    ports: [],
    timeoutMs: 60_000,
    repeat: 'safe',
    describe: ({ name }) => `take ${name} back`,
    check: async ({ name }) => ({ state: applied.includes(name) ? 'todo' : 'done' }),
    apply: async ({ name }) => {
      applied.splice(applied.indexOf(name), 1);
    },
    undo: { nothing: 'It is the way back itself.' },
  });

  const step = defineStep({
    kind: 'wait-for-test',
    params: z.object({ name: z.string() }),
    about: () => theCluster,
    effect: 'changes',
    ports: [],
    timeoutMs: 60_000,
    repeat: 'safe',
    describe: ({ name }) => `do ${name}`,
    check: async ({ name }) => {
      if (name.startsWith('bad') && open.has(name)) {
        return { state: 'blocked', code: 'COMMAND_FAILED', message: `${name} <!channel> & broke`, hint: 'Mend it.' };
      }
      if (!applied.includes(name)) return { state: 'todo' };
      if (open.has(name)) return { state: 'done' };
      const progress = { completed: 1, total: 4, message: `${name} waits` };
      return { state: 'moving', progress, wakeAfterMs: 50 };
    },
    apply: async ({ name }) => {
      applied.push(name);
    },
    undo: { steps: ({ name }) => [takeBack.with({ name })] },
  });

  const postCheck = async () => ({
    passed: true,
    checks: [
      {
        name: 'looked',
        status: 'PASS' as const,
        severity: 'BLOCK' as const,
        observed: 'fine',
        wanted: 'fine',
        hint: null,
      },
    ],
  });
  const common = {
    version: 1,
    target: { kind: 'cluster', from: 'clusterId' },
    steps: [step, takeBack],
    observe: async () => ({}),
    postCheck,
  } as const;

  const touch = defineOperation({
    ...common,
    name: 'touchCluster',
    title: 'Touch a cluster',
    summary: 'Do some steps that a test controls.',
    permission: 'backup:create',
    risk: 'low',
    input: z.object({
      clusterId,
      steps: z.array(z.string()).default(['one', 'two', 'three']).meta({ description: 'Names of the steps.' }),
    }),
    example: { clusterId: 'clu_01J00000000000000000000000', steps: ['one'] },
    slack: { verb: 'touch', positional: ['clusterId'], examples: ['touch prod-eu'] },
    plan: ({ steps }) => ({
      summary: `Touch with ${steps.length} steps`,
      steps: steps.map((name) => step.with({ name })),
    }),
  });

  const shake = defineOperation({
    ...common,
    name: 'shakeNode',
    title: 'Shake a node',
    summary: 'Affects service.',
    permission: 'node:restart',
    risk: 'high',
    input: z.object({ clusterId, nodeId, gently: z.boolean().default(true).meta({ description: 'Not too hard.' }) }),
    example: { clusterId: 'clu_01J00000000000000000000000', nodeId: 'nod_01J00000000000000000000000', gently: true },
    slack: { verb: 'shake', positional: ['clusterId', 'nodeId'], examples: ['shake prod-eu be 10.0.0.11:9050'] },
    plan: ({ nodeId: node, gently }) => ({
      summary: gently ? 'Shake it gently' : 'Shake it hard',
      steps: [step.with({ name: `shake-${node}-${gently}` })],
      notes: ['12 queries run on it now <!here>'],
    }),
  });

  const wipe = defineOperation({
    ...common,
    name: 'wipeCluster',
    title: 'Wipe a cluster',
    summary: 'Hard to undo.',
    permission: 'node:restart',
    risk: 'destructive',
    input: z.object({ clusterId }),
    example: { clusterId: 'clu_01J00000000000000000000000' },
    slack: { verb: 'wipe', positional: ['clusterId'], examples: ['wipe prod-eu'] },
    plan: () => ({ summary: 'Wipe it', steps: [step.with({ name: 'wipe' })] }),
  });

  const look = defineOperation({
    ...common,
    name: 'lookAtCluster',
    title: 'Look at a cluster',
    summary: 'Reads and changes nothing.',
    permission: 'cluster:check',
    risk: 'read',
    input: z.object({ clusterId, at: z.string().meta({ description: 'The name of the step.' }) }),
    example: { clusterId: 'clu_01J00000000000000000000000', at: 'it' },
    slack: { verb: 'look', positional: ['clusterId', 'at'], examples: ['look prod-eu it'] },
    plan: ({ at }) => ({ summary: 'Look at it', steps: [step.with({ name: at })] }),
  });

  return {
    operations: [touch, shake, wipe, look],
    applied,
    open: (...names: string[]) => {
      for (const name of names) open.add(name);
    },
  };
}
