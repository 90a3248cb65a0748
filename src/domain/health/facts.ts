import type { Alert } from '../alert.ts';
import type { ClusterNode } from '../cluster.ts';
import type { Measured } from '../metrics/measurement.ts';
import type { NotJudged, Probe } from '../probe.ts';

export type ScoredNode = Pick<
  ClusterNode,
  'id' | 'kind' | 'host' | 'port' | 'role' | 'alive' | 'version' | 'maxDiskUsedPercent'
>;

export type ScoredAlert = Pick<
  Alert,
  'number' | 'fingerprint' | 'rule' | 'severity' | 'nodeId' | 'labels' | 'title' | 'signal' | 'mute'
>;

/** What is stored of a cluster, as far as its score rests on it. Nothing of it is asked of the cluster. */
export type HealthFacts = {
  readonly now: Date;
  /** When it last answered; null = never. */
  readonly observedAt: Date | null;
  /** The last look; null = none was made yet. */
  readonly look: Pick<Probe, 'at' | 'ok' | 'problem' | 'nodes'> | null;
  /** `shared_nothing`, `shared_data`; null = not known. */
  readonly runMode: string | null;
  /** As they were last seen. */
  readonly nodes: readonly ScoredNode[];
  /** Nodes whose absence has a reason, by id: a person stopped them, or a run works on them; with the reason in words. */
  readonly explained: ReadonlyMap<string, string>;
  /** Those that are not resolved: acknowledged, silenced, hidden and stale ones too. */
  readonly alerts: readonly ScoredAlert[];
  /** What the last look measured; null = nothing. */
  readonly measured: Measured | null;
  /** A run that changes the version has not ended. */
  readonly isUpgrading: boolean;
  /** What rules could not judge in the last look. */
  readonly notJudged: readonly NotJudged[];
  /** Nodes that a run takes away and brings back now. */
  readonly work: readonly { readonly nodeId: string; readonly runNumber: number }[];
};

/** One thing that is wrong, as one source tells it. Findings with the same key are the same thing. */
export type Finding = {
  readonly key: string;
  /** What kind of trouble, in a name that never changes: that of the rule which tells of it, where there is one. */
  readonly name: string;
  /** The number of the alert that tells of it; null = the last look itself does. */
  readonly alert: number | null;
  readonly points: number;
  /** What is wrong, in a few words. */
  readonly because: string;
  /** What it is about: `be 10.0.0.11:9050`, `the cluster`. */
  readonly subject: string;
};
