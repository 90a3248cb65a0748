import { describe, expect, it } from 'vitest';
import type { NodeKind } from '../../../src/domain/cluster.ts';
import { pictureVersions } from '../../../src/domain/upgrade/cluster-versions.ts';

type Given = Partial<Record<NodeKind, readonly (string | null)[]>>;

const picture = (given: Given) =>
  pictureVersions(
    (['FRONTEND', 'BACKEND', 'COMPUTE_NODE'] as const).flatMap((kind) =>
      (given[kind] ?? []).map((version) => ({ kind, version })),
    ),
  );

describe('the versions of a cluster', () => {
  it.each<[string, Given, string, string]>([
    [
      'one version',
      { FRONTEND: ['3.5.0-48f4d81'], BACKEND: ['3.5.0-48f4d81', '3.5.0-48f4d81'] },
      'UNIFORM',
      '3 nodes on 3.5.0-48f4d81',
    ],
    ['one node', { FRONTEND: ['3.5.0'] }, 'UNIFORM', '1 node on 3.5.0'],
    ['two commits of one release', { FRONTEND: ['3.5.0-48f4d81', '3.5.0-0123456'] }, 'UNIFORM', '2 nodes on 3.5.0'],
    [
      'a half-done upgrade',
      { FRONTEND: ['3.4.6-a2f40c9', '3.4.6-a2f40c9'], BACKEND: ['3.5.0-48f4d81', '3.5.0-48f4d81', '3.5.0-48f4d81'] },
      'MIXED',
      '3 backends on 3.5.0, 2 frontends on 3.4.6',
    ],
    [
      'numbers of two digits',
      { BACKEND: ['3.9.0'], COMPUTE_NODE: ['3.10.0'] },
      'MIXED',
      '1 compute node on 3.10.0, 1 backend on 3.9.0',
    ],
    [
      'a candidate beside its release',
      { FRONTEND: ['3.4.0-rc01'], BACKEND: ['3.4.0'] },
      'MIXED',
      '1 backend on 3.4.0, 1 frontend on 3.4.0-rc01',
    ],
    ['a development build', { FRONTEND: ['MAIN-RELEASE-d094052'] }, 'UNIFORM', '1 node on MAIN-RELEASE-d094052'],
    [
      'one node that never told',
      { FRONTEND: ['3.5.0'], BACKEND: [null] },
      'UNKNOWN',
      '1 frontend on 3.5.0, 1 backend of unknown version',
    ],
    [
      'two versions and one that never told',
      { FRONTEND: ['3.5.0', null], BACKEND: ['3.4.6'] },
      'MIXED',
      '1 frontend on 3.5.0, 1 backend on 3.4.6, 1 frontend of unknown version',
    ],
    ['nothing told', { FRONTEND: [null] }, 'UNKNOWN', 'No node has told its version yet'],
    ['no nodes', {}, 'UNKNOWN', 'No node has told its version yet'],
  ])('with %s', (_what, given, state, summary) => {
    expect(picture(given)).toMatchObject({ state, summary });
  });

  it('are counted by kind, newest first', () => {
    expect(
      picture({ FRONTEND: ['3.4.6', '3.5.0'], BACKEND: ['3.5.0', '3.5.0'], COMPUTE_NODE: [null] }).byVersion,
    ).toEqual([
      { version: '3.5.0', frontends: 1, backends: 2, computeNodes: 0 },
      { version: '3.4.6', frontends: 1, backends: 0, computeNodes: 0 },
      { version: null, frontends: 0, backends: 0, computeNodes: 1 },
    ]);
  });
});
