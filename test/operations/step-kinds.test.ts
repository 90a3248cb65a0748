import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createImage } from '../../src/adapters/starrocks/statements.ts';
import type { PlanResult, StepSpec } from '../../src/domain/plan.ts';
import { isSameSubject, theCluster } from '../../src/domain/subject.ts';
import { operations } from '../../src/operations/index.ts';
import { planRestartNode } from '../../src/operations/node/restart-node/plan.ts';
import { changeVersionExample } from '../../src/operations/upgrade/change-version/input.ts';
import { laneOf } from '../../src/operations/upgrade/change-version/lanes.ts';
import { planChangeVersion } from '../../src/operations/upgrade/change-version/plan.ts';
import { nodeMove, reversed } from '../../src/operations/upgrade/steps/place.ts';
import { defineStep } from '../../src/steps/define.ts';
import { node } from '../bot/builders.ts';
import { be, facts, fe, release } from '../domain/upgrade/checks-builders.ts';
import { findForeignKinds } from '../helpers/architecture/source-rules.ts';
import { sampleOf, stepSamples } from '../helpers/step-samples.ts';

const kinds = [...new Set(operations.flatMap(({ steps }) => steps))];
const named = kinds.map((kind) => [kind.kind, kind] as const);

/** The effects of these steps that concern whether somebody serves. */
function turns(steps: readonly StepSpec[]): string[] {
  return steps.flatMap(({ effect }) => (effect === 'takes-away' || effect === 'brings-back' ? [effect] : []));
}

describe('the kinds of steps', () => {
  it('have names of their own, and a sample each', () => {
    const names = named.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(stepSamples.map(({ kind }) => kind).toSorted()).toEqual(names.toSorted());
  });

  it.each(named)('%s says whom it is about', (name, kind) => {
    const { params, about, effect } = sampleOf(name);
    expect(kind.about(params)).toEqual(about);
    expect(about.label.trim()).not.toBe('');
    if (about.kind === 'cluster') expect(about).toEqual(theCluster);
    // Whose alerts are to be silent meanwhile is found by the id.
    if (effect === 'takes-away' || effect === 'brings-back') expect(about.id).not.toBeNull();
  });

  it.each(named)('%s is taken back by the opposite of what it does', (name, kind) => {
    const { params, effect } = sampleOf(name);
    const ways = [kind.undoSteps(params), kind.recoverSteps(params)].map(turns).filter((way) => way.length > 0);
    if (effect === 'takes-away') expect(ways.length).toBeGreaterThan(0);
    for (const [first] of ways) expect([effect, first]).toEqual(oppositeTurns[effect]);
  });

  it.each(named)('%s needs only what others of its operation find', (_name, kind) => {
    for (const operation of operations.filter(({ steps }) => steps.includes(kind))) {
      for (const need of kind.needs) {
        const found = operation.steps.filter((other) => need.some(({ kind: needed }) => needed === other.kind));
        expect(found.length, `${operation.name} has nothing that ${kind.kind} needs`).toBeGreaterThan(0);
        expect(found.filter(({ hasFacts }) => !hasFacts).map((other) => other.kind)).toEqual([]);
      }
    }
  });

  it.each(operations.map((operation) => [operation.name, operation] as const))(
    'of %s remove what others of them leave',
    (_name, { steps }) => {
      const samples = steps.map(({ kind }) => sampleOf(kind));
      const removed = samples.flatMap(({ removes }) => removes ?? []);
      expect(samples.flatMap(({ leaves }) => leaves ?? []).filter((left) => !removed.includes(left))).toEqual([]);
    },
  );

  it('that only look or wait are handed nothing that could change anything', () => {
    defineStep({
      kind: 'peek',
      params: z.object({}),
      about: () => theCluster,
      effect: 'looks',
      ports: ['sql'],
      timeoutMs: 1,
      repeat: 'safe',
      describe: () => 'Peek',
      check: async () => ({ state: 'todo' }),
      apply: async (_params, { sql }, { signal }) => {
        // @ts-expect-error: this statement changes something
        await sql.query(createImage(), { signal });
      },
      undo: { nothing: 'It only looks.' },
    });
  });

  it('are named nowhere but by their own family', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const names = named.map(([name]) => name);
    const found = globSync('src/**/*.ts', { cwd: root }).flatMap((path) =>
      findForeignKinds(path.replaceAll('\\', '/'), readFileSync(`${root}${path}`, 'utf8'), names),
    );
    expect(found).toEqual([]);
    const guess = "const gone = steps.filter(({ kind }) => kind === 'stopNode');";
    expect(findForeignKinds('src/bot/views/guess.ts', guess, names)).toEqual([
      'src/bot/views/guess.ts names the step kind stopNode',
    ]);
    expect(findForeignKinds('src/operations/node/own.ts', guess, names)).toEqual([]);
  });
});

const oppositeTurns = {
  'takes-away': ['takes-away', 'brings-back'],
  'brings-back': ['brings-back', 'takes-away'],
  changes: null,
  looks: null,
  waits: null,
} as const;

/** Those whom a plan takes away and does not bring back in the same lane. */
function leftAway(steps: readonly StepSpec[]): string[] {
  return steps.flatMap((step, index) => {
    if (step.effect !== 'takes-away') return [];
    const isBack = steps
      .slice(index + 1)
      .some(
        ({ effect, about, lane }) =>
          effect === 'brings-back' &&
          isSameSubject(about, step.about) &&
          lane?.stage === step.lane?.stage &&
          lane?.name === step.lane?.name,
      );
    return isBack ? [] : [step.title];
  });
}

describe('a plan brings back whom it takes away:', () => {
  const nodesOn = (version: string) => [
    fe(1, { version, role: 'LEADER' }),
    ...[fe(2, { version }), fe(3, { version })],
    ...[be(1, { version }), be(2, { version }), be(3, { version })],
  ];
  const accepted = ['path-allowed', 'backup-fresh', 'image-fresh', 'return-path', 'conf-keys', 'downgrade-log-ids'];
  const input = { ...changeVersionExample, acceptWarnings: accepted };
  const older = { to: '3.4.6', release: release({ version: '3.4.6', minimumJdk: 11 }), nodes: nodesOn('3.5.0') };
  const backend = node({ hostId: 'hst_1', deployDir: '/opt/be', alive: true });
  const move = nodeMove.parse(sampleOf('stopForMove').params);
  const stepsOf = (plan: PlanResult) => ('steps' in plan ? plan.steps : []);
  const plans: Record<string, readonly StepSpec[]> = {
    'of an upgrade': stepsOf(
      planChangeVersion('UPGRADE', input, { upgrade: facts({ nodes: nodesOn('3.4.10') }), spread: null }),
    ),
    'of a downgrade': stepsOf(
      planChangeVersion('DOWNGRADE', { ...input, to: older.to }, { upgrade: facts(older), spread: null }),
    ),
    'of a restart': stepsOf(
      planRestartNode(
        { clusterId: 'clu_1', nodeId: backend.id, graceful: true, timeoutSeconds: 60, acceptDowntime: true },
        {
          ...{ known: backend, now: backend, process: { pid: 7, startedAtTicks: '70' }, startedAs: null },
          ...{ runningQueries: 0, runMode: null, onHost: null },
          safety: { nodes: [backend], unhealthyTablets: 0, singleReplicaTables: [], runningJobs: [] },
        },
      ),
    ),
    'of the way back of a node': laneOf(
      reversed(move),
      { stage: 'Back', width: 1, mates: [] },
      { swap: 'back', first: 'FRONTENDS', watch: null, soak: null },
    ),
  };

  it.each(Object.entries(plans))('%s', (_name, steps) => {
    expect(turns(steps)).toContain('takes-away');
    expect(leftAway(steps)).toEqual([]);
  });
});
