import { describe, expect, it } from 'vitest';
import { makePlan, type PlanResult } from '../../../src/domain/plan.ts';
import type { UpgradeFacts } from '../../../src/domain/upgrade/checks-facts.ts';
import { changeVersionExample } from '../../../src/operations/upgrade/change-version/input.ts';
import { planChangeVersion } from '../../../src/operations/upgrade/change-version/plan.ts';
import { be, facts, fe, release } from '../../domain/upgrade/checks-builders.ts';

const input = {
  ...changeVersionExample,
  acceptWarnings: ['path-allowed', 'backup-fresh', 'image-fresh', 'return-path', 'conf-keys', 'downgrade-log-ids'],
};

function plan(
  direction: 'UPGRADE' | 'DOWNGRADE',
  more: Partial<UpgradeFacts> = {},
  asked: Partial<typeof input> = {},
): PlanResult {
  const upgrade = facts(more);
  return planChangeVersion(direction, { ...input, to: upgrade.to, ...asked }, { upgrade, spread: null });
}

function stepsOf(result: PlanResult) {
  if ('refusals' in result) throw new Error(`refused: ${JSON.stringify(result.refusals)}`);
  return result.steps;
}

/** The stages in order, lanes in brackets; steps outside lanes by their kind. */
function outline(result: PlanResult): string[] {
  const lines: string[] = [];
  for (const step of stepsOf(result)) {
    const line = step.lane === undefined ? step.kind : `${step.lane.stage}: ${step.lane.name}`;
    if (lines.at(-1) !== line) lines.push(line);
  }
  return lines;
}

describe('the plan of an upgrade', () => {
  it('stages everywhere before it stops anything, and takes the leader last', () => {
    expect(outline(plan('UPGRADE'))).toEqual([
      'recordUpgrade',
      'sampleQueries',
      'proveArchive',
      ...['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.1.1', '10.0.1.2', '10.0.1.3']
        .map((host) => `Staging: ${host}`)
        .toSorted(),
      'noteJournal',
      'createMetadataImage',
      'measureBaseline',
      'pauseTabletScheduling',
      'Canary: be 10.0.1.1:9050',
      'Backends: be 10.0.1.2:9050',
      'Backends: be 10.0.1.3:9050',
      'Followers, and the leader last: fe 10.0.0.2:9010',
      'Followers, and the leader last: fe 10.0.0.3:9010',
      'Followers, and the leader last: fe 10.0.0.1:9010',
    ]);
  });

  it('does to every node the same, in the same order, and holds no node down at a place to stop at', () => {
    const lane = stepsOf(plan('UPGRADE')).filter((step) => step.lane?.name === 'be 10.0.1.2:9050');
    expect(lane.map((step) => step.kind)).toEqual([
      'guardNode',
      'keepSchedulingPaused',
      'stopForMove',
      'swapBinaries',
      'startForMove',
      'awaitVersion',
      'awaitTablets',
      'compareQueries',
    ]);
  });

  it('mutes no alert by staging, watching or comparing: only what takes a node away names it', () => {
    const naming = stepsOf(plan('UPGRADE')).filter((step) => 'nodeId' in step.params);
    expect(new Set(naming.map((step) => step.kind))).toEqual(
      new Set(['guardNode', 'stopForMove', 'swapBinaries', 'startForMove', 'awaitVersion']),
    );
  });

  it('leaves out nodes that are there already, and says so', () => {
    const nodes = [fe(1, { role: 'LEADER' }), fe(2), fe(3), be(1, { version: '3.5.0-48f4d81' }), be(2), be(3)];
    const result = plan('UPGRADE', { nodes });
    expect(outline(result)).not.toContain('Canary: be 10.0.1.1:9050');
    expect(outline(result)).toContain('Canary: be 10.0.1.2:9050');
    expect('summary' in result && result.summary).toContain('2 backends, 3 frontends; 1 run it already');
  });

  it('is refused when every node is there already', () => {
    const nodes = [fe(1, { role: 'LEADER', version: '3.5.0' }), be(1, { version: '3.5.0-48f4d81' })];
    expect(plan('UPGRADE', { nodes })).toMatchObject({ refusals: [{ code: 'PRECONDITION_FAILED' }] });
  });

  it('pauses for a person after the canary when that is asked for', () => {
    const lines = outline(plan('UPGRADE', {}, { pauseAfterCanary: true, soakSeconds: 0 }));
    expect(lines[lines.indexOf('Canary: be 10.0.1.1:9050') + 1]).toBe('holdForPerson');
    expect(lines).not.toContain('soak');
  });

  it('watches the cluster as a part of the canary, so that one that does not stand it is put back', () => {
    const soaks = stepsOf(plan('UPGRADE')).filter((step) => step.kind === 'soak');
    expect(soaks.map((step) => step.lane?.name)).toEqual(['be 10.0.1.1:9050']);
  });

  it('is the same plan when a node has restarted meanwhile, and another when a node is on another version', () => {
    const hash = (more: Partial<UpgradeFacts>) => {
      const result = plan('UPGRADE', more);
      if ('refusals' in result) throw new Error('refused');
      return makePlan({ name: 'upgradeCluster', version: 1 }, result).hash;
    };
    const nodes = (more: object) => [fe(1, { role: 'LEADER' }), fe(2), fe(3), be(1, more), be(2), be(3)];
    expect(hash({ nodes: nodes({ startedAt: '2026-05-05 05:05:05', runningQueries: 9 }) })).toBe(hash({}));
    expect(hash({ nodes: nodes({ version: '3.4.5-35b71e0' }) })).not.toBe(hash({}));
  });

  it.each([
    ['PATH', ['Prove the archive of 3.5.0 at /x'], 'Bring the archive of 3.5.0 to 10.0.0.1 over SSH'],
    [
      'URL',
      ['Fetch the archive of 3.5.0 once from /x, for all hosts, and prove it'],
      'Bring the archive of 3.5.0 to 10.0.0.1 over SSH',
    ],
    ['HOST_URL', [], 'Have 10.0.0.1 fetch the archive of 3.5.0 from /x'],
    ['ON_NODE', [], 'Bring the archive of 3.5.0 to 10.0.0.1, where it is already'],
  ] as const)('says which way an archive of the kind %s takes', (kind, proving, bringing) => {
    const steps = stepsOf(plan('UPGRADE', { release: release({ source: { kind, location: '/x' } }) }));
    expect(steps.filter((step) => step.kind === 'proveArchive').map(({ title }) => title)).toEqual(proving);
    expect(steps.find((step) => step.kind === 'fetchArchive')?.title).toBe(bringing);
  });

  it('brings the archive once to a host with two nodes', () => {
    const onOne = { hostId: 'hst_one' };
    const nodes = [
      fe(1, { role: 'LEADER' }),
      fe(2),
      fe(3),
      be(1, onOne),
      be(2, { ...onOne, host: '10.0.1.1', port: 9051 }),
      be(3),
    ];
    const staging = stepsOf(plan('UPGRADE', { nodes })).filter(
      (step) => step.params.hostId === 'hst_one' && step.lane?.stage === 'Staging',
    );
    expect(staging.map((step) => step.kind)).toEqual(['fetchArchive', 'unpackRelease', 'unpackRelease', 'dropArchive']);
  });

  it('says where the point of no return is', () => {
    const nodes = [
      fe(1, { role: 'LEADER', version: '3.4.5' }),
      fe(2, { version: '3.4.5' }),
      fe(3, { version: '3.4.5' }),
      be(1, { version: '3.4.5' }),
    ];
    const result = plan(
      'UPGRADE',
      { nodes, replicas: facts().replicas },
      { acceptWarnings: [...input.acceptWarnings, 'spare-worker'] },
    );
    if ('refusals' in result) throw new Error(JSON.stringify(result.refusals));
    expect(result.notes?.[0]).toContain('Point of no return: once the first frontend runs 3.5.0');
  });
});

describe('the plan of a downgrade', () => {
  const older = {
    to: '3.4.6',
    release: release({ version: '3.4.6', minimumJdk: 11 }),
    nodes: [
      fe(1, { role: 'LEADER', version: '3.5.0' }),
      fe(2, { version: '3.5.0' }),
      fe(3, { version: '3.5.0' }),
      be(1, { version: '3.5.0' }),
      be(2, { version: '3.5.0' }),
      be(3, { version: '3.5.0' }),
    ],
  };

  it('takes the frontends first, the leader last among them', () => {
    const lines = outline(plan('DOWNGRADE', older)).filter((line) => /^(Canary|Backends|Followers)/.test(line));
    expect(lines).toEqual([
      'Followers, and the leader last: fe 10.0.0.2:9010',
      'Followers, and the leader last: fe 10.0.0.3:9010',
      'Followers, and the leader last: fe 10.0.0.1:9010',
      'Canary: be 10.0.1.1:9050',
      'Backends: be 10.0.1.2:9050',
      'Backends: be 10.0.1.3:9050',
    ]);
  });

  it('is not what upgradeCluster does, nor the other way round', () => {
    expect(plan('UPGRADE', older)).toMatchObject({ refusals: [{ code: 'UNSUPPORTED_VERSION_PATH' }] });
    expect(plan('DOWNGRADE')).toMatchObject({ refusals: [{ code: 'UNSUPPORTED_VERSION_PATH' }] });
  });
});
