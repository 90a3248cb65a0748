import { makePlan, type Plan } from '../../src/domain/plan.ts';
import type { Run, RunStep, StepState } from '../../src/domain/run.ts';
import { guardNode } from '../../src/operations/node/steps/guard-node.ts';
import { changeVersionExample } from '../../src/operations/upgrade/change-version/input.ts';
import { planChangeVersion } from '../../src/operations/upgrade/change-version/plan.ts';
import { stopForMove } from '../../src/operations/upgrade/steps/power.ts';
import { upgradeCluster } from '../../src/operations/upgrade/upgrade-cluster/upgrade-cluster.ts';
import { be, facts, fe } from '../domain/upgrade/checks-builders.ts';
import { at, run, step } from './builders.ts';

/** The plan of an upgrade from 3.4.10 to 3.5.0: three frontends and so many backends, eight in a rack. */
export function upgradePlan(backends: number): Plan {
  const workers = Array.from({ length: backends }, (_, index) =>
    be(index + 1, { location: `rack:r${Math.floor(index / 8) + 1}` }),
  );
  const upgrade = facts({ nodes: [fe(1, { role: 'LEADER' }), fe(2), fe(3), ...workers], newestBackupAt: null });
  const input = {
    ...changeVersionExample,
    parallel: 2,
    pauseAfterCanary: true,
    acceptWarnings: ['backup-fresh', 'path-allowed', 'return-path', 'conf-keys', 'image-fresh', 'downgrade-log-ids'],
  };
  const result = planChangeVersion('UPGRADE', input, { upgrade, spread: null });
  if (!('steps' in result)) throw new Error(`refused: ${JSON.stringify(result.refusals)}`);
  return makePlan(upgradeCluster, result);
}

/** The steps of that plan, all that come before `title` done, one second each. */
export function upgradeSteps(plan: Plan, reached: string | null): RunStep[] {
  const index = reached === null ? plan.steps.length : plan.steps.findIndex(({ title }) => title.startsWith(reached));
  if (index < 0) throw new Error(`no step ${reached}`);
  const time = (position: number) => new Date(at.getTime() + position * 1_000);
  return plan.steps.map(({ lane = null, ...spec }, position) => {
    const state: StepState = position < index ? 'done' : position === index ? 'applying' : 'pending';
    const times = { startedAt: time(position), appliedAt: time(position), finishedAt: time(position + 1) };
    const stop = plan.steps.find(
      (other) =>
        other.kind === stopForMove.kind && other.lane?.stage === lane?.stage && other.lane?.name === lane?.name,
    );
    const observed = spec.kind === guardNode.kind && state === 'done' ? String(stop?.params.fromVersion) : null;
    const row = step({ ...spec, position, lane, state, observed, attempt: state === 'pending' ? 0 : 1 });
    return state === 'pending' ? row : { ...row, ...times, ...(state === 'applying' ? { finishedAt: null } : {}) };
  });
}

/** The lane of this node failed at the step with this title; what it did is planned to be taken back. */
export function failedAt(plan: Plan, title: string, log: readonly string[]): RunStep[] {
  const steps = upgradeSteps(plan, title).map((each): RunStep => {
    if (each.state !== 'applying') return each;
    const message = `${String(each.params.label)} was started with 3.5.0, but its process has ended`;
    const failure = {
      code: 'HEALTH_GATE_TIMEOUT' as const,
      message,
      hint: 'Look at its log.',
      step: each.position,
      log,
    };
    return { ...each, state: 'failed', finishedAt: new Date(at.getTime() + each.position * 1_000), failure };
  });
  const broken = steps.find(({ state }) => state === 'failed');
  const touched = steps.filter(
    ({ lane, state }) => lane !== null && lane.name === broken?.lane?.name && (state === 'done' || state === 'failed'),
  );
  const back = touched.toReversed().flatMap((each) =>
    (upgradeCluster.steps.find(({ kind }) => kind === each.kind)?.recoverSteps(each.params) ?? []).map((spec) => ({
      spec,
      each,
    })),
  );
  return [
    ...steps,
    ...back.map(({ spec, each }, index) =>
      step({ ...spec, lane: each.lane, phase: 'recover', undoOf: each.position, position: steps.length + index }),
    ),
  ];
}

export function upgradeRun(plan: Plan, change: Partial<Run> = {}): Run {
  return run({ operation: 'upgradeCluster', plan, input: { clusterId: 'clu_1', to: '3.5.0', parallel: 2 }, ...change });
}
