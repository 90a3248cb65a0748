import { type Condition, textOf } from '../../../src/domain/alert-life.ts';
import type { ClusterNode } from '../../../src/domain/cluster.ts';
import type { NodeProbe } from '../../../src/domain/probe.ts';
import { AppError } from '../../../src/errors.ts';
import type { Rule } from '../../../src/monitor/define-rule.ts';
import type { Parts } from '../../../src/monitor/read-parts.ts';

export const since = new Date('2026-03-01T12:00:05Z');

export function node(changes: Partial<ClusterNode> = {}): ClusterNode {
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
    version: '3.3.15-6c9a3f1',
    startedAt: null,
    tabletCount: 412,
    maxDiskUsedPercent: null,
    location: null,
    errorMessage: null,
    observedAt: since,
    hostId: null,
    deployDir: null,
    unit: null,
    ...changes,
  };
}

export function probe(changes: Partial<NodeProbe> = {}): NodeProbe {
  const health = { alive: true, httpProblem: null, httpFailures: 0, silentSince: null };
  return { kind: 'BACKEND', host: '10.0.0.11', port: 9050, ...health, ...changes };
}

export const frontend = (last: number, changes: Partial<ClusterNode> = {}) =>
  node({
    id: `nod_fe${last}`,
    kind: 'FRONTEND',
    host: `10.0.0.${last}`,
    port: 9010,
    httpPort: null,
    role: 'FOLLOWER',
    tabletCount: null,
    ...changes,
  });

/** Nothing goes on by Starwarden, and its looks come in time. */
export const calm: Parts['own'] = { lookGapMs: 15_000, everyMs: 15_000, isChanging: false, waiting: [] };

/** A look at a cluster that told its nodes. */
export function seen(nodes: readonly ClusterNode[], probes: readonly NodeProbe[] = []): Parts {
  return {
    topology: { isSeen: true, nodes, leader: 'fe 10.0.0.1:9010', problems: [] },
    health: { isSeen: true, probes },
    backups: null,
    clusterSnapshots: null,
    repositories: null,
    stopped: { nodes: [], contradicted: [], explainsSilence: false },
    silentPorts: [],
    metrics: null,
    own: calm,
  };
}

/** A look at a cluster that told nothing. */
export function unseen(failure: AppError, probes: readonly NodeProbe[] = [], { isAnswering = false } = {}): Parts {
  return {
    topology: { isSeen: false, failure, isAnswering },
    health: { isSeen: true, probes },
    backups: null,
    clusterSnapshots: null,
    repositories: null,
    stopped: { nodes: [], contradicted: [], explainsSilence: false },
    silentPorts: [],
    metrics: null,
    own: calm,
  };
}

export const unreachable = new AppError('SQL_UNREACHABLE', 'no frontend of the cluster answered');

/** What the rule finds in such a look. */
export function conditionsOf(rule: Rule, parts: Parts, settings?: unknown): readonly Condition[] {
  const judged = rule.configure(settings).judge('clu_1', parts);
  if ('unjudged' in judged) throw new Error(`${rule.name} was not judged: ${judged.unjudged}`);
  return judged;
}

export function textsOf(rule: Rule, parts: Parts): string[] {
  return conditionsOf(rule, parts).map((condition) => textOf(condition, since));
}
