import { describe, expect, it } from 'vitest';
import { type Actor, can, type RoleBinding } from '../../src/domain/access.ts';
import { approvalsRequired, whyMayNotVote } from '../../src/domain/approval.ts';

const actor = (...bindings: RoleBinding[]): Actor => ({ id: 'per_1', name: 'kim', via: 'API', bindings });
const prod = { clusterId: 'clu_prod', environment: 'prod' };
const dev = { clusterId: 'clu_dev', environment: 'dev' };

describe('can', () => {
  it.each<[string, RoleBinding[], Parameters<typeof can>[1], Parameters<typeof can>[2], boolean]>([
    ['a viewer reads', [{ role: 'VIEWER', scope: { kind: 'all' } }], 'cluster:read', prod, true],
    ['a viewer restarts nothing', [{ role: 'VIEWER', scope: { kind: 'all' } }], 'node:restart', prod, false],
    ['an operator registers nothing', [{ role: 'OPERATOR', scope: { kind: 'all' } }], 'cluster:register', null, false],
    [
      'a role holds in its environment',
      [{ role: 'OPERATOR', scope: { kind: 'environment', environment: 'dev' } }],
      'node:restart',
      dev,
      true,
    ],
    [
      'and not in another',
      [{ role: 'OPERATOR', scope: { kind: 'environment', environment: 'dev' } }],
      'node:restart',
      prod,
      false,
    ],
    [
      'a role holds on its cluster',
      [{ role: 'APPROVER', scope: { kind: 'cluster', clusterId: 'clu_prod' } }],
      'run:approve',
      prod,
      true,
    ],
    [
      'and not on another',
      [{ role: 'APPROVER', scope: { kind: 'cluster', clusterId: 'clu_prod' } }],
      'run:approve',
      dev,
      false,
    ],
    [
      'a cluster role reaches nothing outside clusters',
      [{ role: 'ADMIN', scope: { kind: 'cluster', clusterId: 'clu_prod' } }],
      'access:manage',
      null,
      false,
    ],
    [
      'bindings add',
      [
        { role: 'VIEWER', scope: { kind: 'all' } },
        { role: 'OPERATOR', scope: { kind: 'cluster', clusterId: 'clu_dev' } },
      ],
      'node:restart',
      dev,
      true,
    ],
    ['an approver does not operate', [{ role: 'APPROVER', scope: { kind: 'all' } }], 'node:restart', prod, false],
  ])('%s', (_what, bindings, permission, target, wanted) => {
    expect(can(actor(...bindings), permission, target)).toBe(wanted);
  });
});

describe('approvalsRequired', () => {
  it.each([
    ['read', 'prod', 0],
    ['low', 'prod', 0],
    ['high', 'prod', 1],
    ['high', 'dev', 0],
    ['destructive', 'prod', 2],
    ['destructive', 'dev', 1],
  ] as const)('%s in %s needs %i', (risk, environment, wanted) => {
    expect(approvalsRequired(risk, { environment, approvalEnvironments: ['prod'] })).toBe(wanted);
  });
});

describe('whyMayNotVote', () => {
  const vote = {
    actor: actor({ role: 'APPROVER', scope: { kind: 'all' } }),
    requestedById: 'per_2',
    target: prod,
    expiresAt: new Date(1_000),
    now: new Date(999),
    planHash: 'a',
    votedPlanHash: 'a',
    alreadyVoted: false,
  };
  it.each([
    ['a person who is entitled may', {}, null],
    ['without naming the plan too', { votedPlanHash: null }, null],
    ['the person who asked may not', { requestedById: 'per_1' }, 'FORBIDDEN'],
    ['without the role nobody may', { actor: actor({ role: 'OPERATOR', scope: { kind: 'all' } }) }, 'FORBIDDEN'],
    ['at the moment it expires it is too late', { now: new Date(1_000) }, 'APPROVAL_EXPIRED'],
    ['another plan than the one shown does not count', { votedPlanHash: 'b' }, 'PLAN_STALE'],
    ['twice does not count', { alreadyVoted: true }, 'PRECONDITION_FAILED'],
  ])('%s', (_what, change, code) => {
    expect(whyMayNotVote({ ...vote, ...change })?.code ?? null).toBe(code);
  });
});
