import type { Alert } from '../../src/domain/alert.ts';
import type { Approval, Vote } from '../../src/domain/approval.ts';
import type { ClusterNode } from '../../src/domain/cluster.ts';
import type { HealthScore } from '../../src/domain/health/score.ts';
import type { Run, RunStep } from '../../src/domain/run.ts';

export const at = new Date('2026-11-20T12:00:00Z');
export const hash = 'a'.repeat(64);

export function run(change: Partial<Run> = {}): Run {
  return {
    id: `run_${'0'.repeat(26)}`,
    number: 12,
    operation: 'restartNode',
    operationVersion: 1,
    targetKind: 'cluster',
    clusterId: `clu_${'0'.repeat(26)}`,
    clusterName: 'prod-eu',
    environment: 'prod',
    state: 'RUNNING',
    input: { clusterId: 'clu_1', note: 'x' },
    plan: {
      operation: 'restartNode',
      operationVersion: 1,
      summary: 'Restart be 10.0.0.11:9050',
      steps: [],
      notes: [],
      generated: [],
      hash,
    },
    requestedById: 'per_1',
    requestedByName: 'kim',
    via: 'SLACK',
    reason: null,
    blockedBy: null,
    needsReplan: false,
    wakeAt: null,
    fence: 1,
    outcome: null,
    progress: null,
    failure: null,
    postCheck: null,
    beforeUndo: null,
    undoGone: null,
    retryOf: null,
    cancelRequested: false,
    pauseRequested: false,
    revision: 3,
    createdAt: at,
    startedAt: at,
    finishedAt: null,
    ...change,
  };
}

export function step(change: Partial<RunStep> = {}): RunStep {
  return {
    runId: `run_${'0'.repeat(26)}`,
    position: 0,
    phase: 'do',
    kind: 'stop-node',
    title: 'Stop be 10.0.0.11:9050',
    params: {},
    about: { kind: 'node', id: null, label: 'be 10.0.0.11:9050' },
    effect: 'takes-away',
    leaves: null,
    removes: null,
    observed: null,
    hold: null,
    state: 'pending',
    attempt: 0,
    repeatAllowed: false,
    undoOf: null,
    lane: null,
    ledgerId: null,
    progress: null,
    failure: null,
    facts: null,
    startedAt: null,
    appliedAt: null,
    finishedAt: null,
    ...change,
  };
}

export function approval(change: Partial<Approval> = {}): Approval {
  return {
    id: 'apr_1',
    number: 5,
    runId: `run_${'0'.repeat(26)}`,
    planHash: hash,
    state: 'PENDING',
    required: 2,
    createdAt: at,
    expiresAt: new Date(at.getTime() + 1_800_000),
    decidedAt: null,
    ...change,
  };
}

export function vote(change: Partial<Vote> = {}): Vote {
  return {
    approvalId: 'apr_1',
    personId: 'per_2',
    personName: 'lee',
    via: 'SLACK',
    vote: 'APPROVE',
    comment: null,
    at,
    ...change,
  };
}

export function alert(change: Partial<Alert> = {}): Alert {
  return {
    id: `alr_${'0'.repeat(26)}`,
    number: 7,
    fingerprint: hash,
    rule: 'node_down',
    severity: 'CRITICAL',
    clusterId: `clu_${'0'.repeat(26)}`,
    clusterName: 'prod-eu',
    environment: 'prod',
    nodeId: null,
    labels: { node: 'be 10.0.0.11:9050' },
    title: 'be 10.0.0.11:9050 is down',
    pastTitle: 'be 10.0.0.11:9050 was down',
    text: 'It has not answered for 20 s.',
    signal: 'FIRING',
    handling: { kind: 'UNACKED' },
    mute: { kind: 'NONE' },
    since: at,
    openedAt: at,
    lastSeenAt: at,
    resolvedAt: null,
    closedAt: null,
    count: 3,
    flaps: 0,
    turns: [],
    flapping: null,
    hiddenSince: null,
    isNeverHidden: false,
    assignee: null,
    resolvedBy: null,
    previousId: null,
    revision: 3,
    changedAt: at,
    ...change,
  };
}

export function node(change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    id: 'nod_1',
    clusterId: 'clu_1',
    kind: 'BACKEND',
    host: '10.0.0.11',
    port: 9050,
    httpPort: 8040,
    queryPort: null,
    role: null,
    alive: true,
    decommissioning: false,
    version: '3.5.0',
    startedAt: null,
    tabletCount: 10,
    maxDiskUsedPercent: 12,
    location: null,
    errorMessage: null,
    observedAt: at,
    hostId: null,
    deployDir: null,
    unit: null,
    ...change,
  };
}

/** A cluster that lacks nothing, unless it is said otherwise. */
export function health(change: Partial<HealthScore> = {}): HealthScore {
  return { score: 100, word: 'GOOD', deductions: [], unknown: [], plannedWork: [], asOf: at, ...change };
}
