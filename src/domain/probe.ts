import type { Pending } from './alert-facts.ts';
import type { NodeKind } from './cluster.ts';

/** What one probe found about one node. */
export type NodeProbe = {
  readonly kind: NodeKind;
  /** With `port`, the node's identity, as in `ObservedNode`. */
  readonly host: string;
  readonly port: number;
  /** What the cluster says; null = no frontend answered. */
  readonly alive: boolean | null;
  /** Why `/api/health` did not answer well; null = it did, or the node's HTTP port is not known yet. */
  readonly httpProblem: string | null;
  /** How many probes in a row found such a problem, and when the first of them was. */
  readonly httpFailures: number;
  readonly silentSince: Date | null;
  /** How many rules could not judge something of it in this probe, and why; left out = all that are about it did. */
  readonly unjudged?: { readonly rules: number; readonly because: string };
};

/** The last probe of a cluster, as readers see it. */
export type Probe = {
  readonly clusterId: string;
  /** When it ended. */
  readonly at: Date;
  readonly durationMs: number;
  /** True = a frontend said what nodes there are. */
  readonly ok: boolean;
  /** Why not; null when `ok`. */
  readonly problem: string | null;
  /** `fe 10.0.0.1:9010`; null = no leader, or not known. */
  readonly leader: string | null;
  readonly nodes: readonly NodeProbe[];
};

/** What a rule could not judge in a probe: the alerts with these labels, or (null) everything of the rule. */
export type NotJudged = {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly because: string;
  /** Where only some are kept: how many more of the rule and this kind of subject there were. */
  readonly more?: number;
};

/** What the last look at a cluster left for whoever asks what it found, and what it could not tell. */
export type LastLook = Pick<Probe, 'clusterId' | 'at' | 'ok' | 'problem' | 'nodes'> & {
  /** When the next one is due. */
  readonly dueAt: Date;
  /** What holds, but not for long enough yet. */
  readonly pending: readonly Pending[];
  /** At most 3 of each rule and kind of subject, the last of which says how many more there were. */
  readonly notJudged: readonly NotJudged[];
};

/** One line of a cluster's recent past; kept for a day. */
export type ProbeSample = {
  readonly clusterId: string;
  readonly at: Date;
  readonly durationMs: number;
  readonly ok: boolean;
  readonly problem: string | null;
  readonly leader: string | null;
  readonly aliveNodes: number;
  readonly totalNodes: number;
};
