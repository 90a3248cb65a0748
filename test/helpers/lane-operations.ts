import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Lane, StepSpec } from '../../src/domain/plan.ts';
import { type Subject, theCluster } from '../../src/domain/subject.ts';
import { AppError } from '../../src/errors.ts';
import { type AnyOperation, defineOperation } from '../../src/operations/define.ts';
import { clusterId } from '../../src/operations/input/fields.ts';
import { defineStep } from '../../src/steps/define.ts';

/** Machines that are taken down, changed and brought up again, as an upgrade does it with nodes. */
export type Fleet = {
  /** `up` or `down`, and what runs there. */
  machines: Map<string, { up: boolean; version: string }>;
  /** Every effect, in order: `down a`, `load a new`, `up a`. */
  effects: string[];
  /** How many machines were down at once, at most. */
  mostDown: number;
  /** Machines that do not come up with the new version. */
  broken: Set<string>;
  /** Machines that do not come up at all. */
  dead: Set<string>;
  /** Machines that do not come up with the new version. */
  refusing: Set<string>;
  leader: string;
  /** Machines that cannot be spared now. */
  needed: Set<string>;
  /** A setting that must not stay changed. */
  balancing: string;
  /** Why there is no way back now; empty = there is one. */
  noWayBack: string;
  /** Why the way back cannot be planned now, in other words each time it is asked; null = it can. */
  silent: (() => string) | null;
  /** Milliseconds that taking a machine down takes. */
  downMs: number;
  onEffect: (effect: string) => Promise<void>;
};

export function makeFleet(names: readonly string[]): Fleet {
  return {
    machines: new Map(names.map((name) => [name, { up: true, version: 'old' }])),
    effects: [],
    mostDown: 0,
    broken: new Set(),
    dead: new Set(),
    refusing: new Set(),
    leader: '',
    needed: new Set(),
    balancing: 'on',
    noWayBack: '',
    silent: null,
    downMs: 5,
    onEffect: async () => {},
  };
}

/** `renew` brings machines from `old` to `new`: width at a time, or the leader last, or with a person's look after the first. */
export function laneOperations(fleet: Fleet): readonly AnyOperation[] {
  const machine = (name: string) => {
    const found = fleet.machines.get(name);
    if (found === undefined) throw new Error(`no machine ${name}`);
    return found;
  };
  const effect = async (text: string, change: () => void) => {
    change();
    fleet.effects.push(text);
    fleet.mostDown = Math.max(fleet.mostDown, [...fleet.machines.values()].filter(({ up }) => !up).length);
    await fleet.onEffect(text);
  };
  const params = z.object({ name: z.string(), version: z.string() });
  const base = {
    params,
    ports: [],
    timeoutMs: 2_000,
    repeat: 'safe',
    about: ({ name }: { name: string }): Subject => ({ kind: 'node', id: name, label: name }),
  } as const;

  const look = defineStep({
    ...base,
    kind: 'look',
    effect: 'looks',
    facts: z.object({ was: z.string() }),
    describe: ({ name }) => `Look at ${name}`,
    bindsNext: true,
    check: async ({ name }, _ports, { waitingLanes }) => {
      if (fleet.leader === name && waitingLanes > 0) return { state: 'defer', reason: `${name} leads` };
      return fleet.needed.has(name)
        ? { state: 'moving', progress: { completed: 0, total: null, message: `${name} is needed` }, wakeAfterMs: 20 }
        : { state: 'done', facts: { was: machine(name).version } };
    },
    undo: { nothing: 'It only looks.' },
  });
  const bringUp = defineStep({
    ...base,
    kind: 'bringUp',
    effect: 'brings-back',
    describe: ({ name }) => `Bring ${name} up`,
    check: async ({ name }) => (machine(name).up ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ name }) => {
      if (fleet.dead.has(name) || (fleet.refusing.has(name) && machine(name).version === 'new'))
        throw new AppError('COMMAND_FAILED', `${name} stays down`, { hint: 'Look at it.' });
      await effect(`up ${name}`, () => {
        machine(name).up = true;
      });
    },
    bindsNext: true,
    undo: { planned: 'The operation knows the order.' },
    recover: (given): readonly StepSpec[] => [takeDown.with(given)],
  });
  const takeDown = defineStep({
    ...base,
    kind: 'takeDown',
    effect: 'takes-away',
    describe: ({ name }) => `Take ${name} down`,
    check: async ({ name }) => (machine(name).up ? { state: 'todo' } : { state: 'done' }),
    apply: async ({ name }) => {
      await sleep(fleet.downMs);
      await effect(`down ${name}`, () => {
        machine(name).up = false;
      });
    },
    bindsNext: true,
    undo: { planned: 'The operation knows the order.' },
    recover: (given): readonly StepSpec[] => [bringUp.with(given)],
    recoversAlready: true,
  });
  const load = defineStep({
    ...base,
    kind: 'load',
    effect: 'changes',
    describe: ({ name, version }) => `Load ${version} on ${name}`,
    check: async ({ name, version }) => (machine(name).version === version ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ name, version }) =>
      effect(`load ${name} ${version}`, () => {
        machine(name).version = version;
      }),
    bindsNext: true,
    undo: { planned: 'The operation knows the order.' },
    recover: ({ name, version }): readonly StepSpec[] => [
      load.with({ name, version: version === 'new' ? 'old' : 'new' }),
    ],
  });
  const awaitUp = defineStep({
    ...base,
    kind: 'awaitUp',
    effect: 'brings-back',
    needs: { before: [look] },
    timeoutMs: 200,
    describe: ({ name }) => `Wait for ${name}`,
    check: async ({ name, version }, _ports, { found: { before } }) => {
      if (before?.was === 'nothing') throw new Error('cannot be');
      return version === 'new' && fleet.broken.has(name)
        ? { state: 'moving', progress: { completed: 0, total: null, message: `${name} is not well` }, wakeAfterMs: 20 }
        : { state: 'done', facts: { was: before?.was ?? 'not looked at' } };
    },
    diagnose: async ({ name }) => [`log of ${name}`, 'cannot start'],
    undo: { nothing: 'It only waits.' },
  });
  const setBalancing = defineStep({
    kind: 'setBalancing',
    about: () => theCluster,
    effect: 'changes',
    params: z.object({ value: z.string() }),
    ports: [],
    timeoutMs: 2_000,
    repeat: 'safe',
    describe: ({ value }) => `Set balancing ${value}`,
    check: async ({ value }) => (fleet.balancing === value ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ value }) =>
      effect(`balancing ${value}`, () => {
        fleet.balancing = value;
      }),
    undo: { nothing: 'The ledger puts it back.' },
    temporary: {
      setting: 'toy',
      read: async () => fleet.balancing,
      restore: (_params, before) => [putBalancing.with({ value: String(before) })],
    },
  });
  const putBalancing = defineStep({
    kind: 'putBalancing',
    about: () => theCluster,
    effect: 'changes',
    params: z.object({ value: z.string() }),
    ports: [],
    timeoutMs: 2_000,
    repeat: 'safe',
    describe: ({ value }) => `Set balancing back to ${value}`,
    check: async ({ value }) => (fleet.balancing === value ? { state: 'done' } : { state: 'todo' }),
    apply: async ({ value }) =>
      effect(`balancing ${value}`, () => {
        fleet.balancing = value;
      }),
    undo: { nothing: 'It is an undo itself.' },
  });
  const holdForPerson = defineStep({
    kind: 'holdForPerson',
    about: () => theCluster,
    effect: 'waits',
    params: z.object({}),
    ports: [],
    timeoutMs: 2_000,
    repeat: 'safe',
    describe: () => 'Wait for a person',
    check: async () => ({ state: 'hold', message: 'Look at the first machine, then resume' }),
    undo: { nothing: 'It only waits.' },
  });

  const steps = [look, bringUp, takeDown, load, awaitUp, setBalancing, putBalancing, holdForPerson];
  const lane = (name: string, version: string, at: Lane): StepSpec[] =>
    [look, takeDown, load, bringUp, awaitUp].map((kind) => kind.with({ name, version }, at));

  const input = z.object({
    clusterId,
    width: z.int().min(1).max(9).default(2).meta({ description: 'How many machines at a time.' }),
    hold: z.boolean().default(false).meta({ description: 'Pause before the first machine.' }),
  });
  return [
    defineOperation({
      name: 'renew',
      title: 'Renew',
      version: 1,
      summary: 'A toy.',
      permission: 'cluster:check',
      risk: 'low',
      target: { kind: 'cluster', from: 'clusterId' },
      input,
      example: { clusterId: 'clu_01J00000000000000000000000', width: 2, hold: false },
      slack: null,
      steps,
      observe: async () => null,
      plan: ({ width, hold }) => ({
        summary: 'renew',
        steps: [
          setBalancing.with({ value: 'off' }),
          ...(hold ? [holdForPerson.with({})] : []),
          ...[...fleet.machines.keys()].flatMap((name) => lane(name, 'new', { stage: 'machines', name, width })),
        ],
      }),
      planUndo: async (_input, _reading, { steps: done }) => {
        if (fleet.silent !== null) throw new AppError('SQL_UNREACHABLE', fleet.silent(), { retryable: true });
        return fleet.noWayBack !== ''
          ? { refusals: [{ code: 'PRECONDITION_FAILED', message: fleet.noWayBack, hint: 'Go on.' }] }
          : {
              summary: 'old again',
              steps: [
                setBalancing.with({ value: 'off' }),
                ...[...fleet.machines]
                  .filter(([name, { version }]) => version === 'new' && done.some((step) => step.lane?.name === name))
                  .flatMap(([name]) => lane(name, 'old', { stage: 'back', name, width: 1 })),
              ],
            };
      },
      endCheck: async () => {
        const left = [...fleet.machines].filter(([, { up, version }]) => !up || version !== 'old');
        return {
          passed: left.length === 0,
          checks: [
            {
              name: 'machines',
              status: left.length === 0 ? 'PASS' : 'FAIL',
              severity: 'BLOCK',
              observed: [...fleet.machines]
                .map(([name, { up, version }]) => `${name} ${up ? version : 'down'}`)
                .join(', '),
              wanted: 'all old',
              hint: null,
            },
          ],
        };
      },
      whyNotWithout: (own) => (own.some((step) => step.params.name === 'a') ? 'a is needed' : null),
      postCheck: async () => {
        const left = [...fleet.machines].filter(([, { up, version }]) => !up || version !== 'new');
        return { passed: left.length < fleet.machines.size, checks: [] };
      },
    }),
  ];
}
