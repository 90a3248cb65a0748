import type { Severity } from '../alert.ts';

/** What fires and is over again so soon, without anybody having taken it, is brief. */
export const briefMs = 10 * 60_000;
/** Of the alerts of a cluster only so many are counted, the newest: a storm may leave more. */
export const mostCounted = 10_000;
/** Of several clusters together, so that the answer comes in time. */
export const mostCountedTogether = 20_000;
/** How far back can be asked, and what is asked for when nobody says. */
export const longestNoiseMs = 90 * 86_400_000;
export const usualNoiseMs = 7 * 86_400_000;

/**
 * What a rule told people of one cluster in some time. An alert counts that fired, or fired again, in that time; those that were hidden all
 * the while only in `hidden`.
 */
export type RuleNoise = {
  readonly rule: string;
  /** The worst of its alerts. */
  readonly severity: Severity;
  readonly alerts: number;
  /** How often they fired, again included; of an alert that flaps not each time. */
  readonly firings: number;
  /** Of these, how many were over within `briefMs` while nobody had taken the alert. */
  readonly brief: number;
  /** How long the longest of the brief ones went on; null = there is none. */
  readonly longestBriefMs: number | null;
  /** Alerts that began and ended so often that they counted as firing all the while. */
  readonly flapping: number;
  /** Alerts that are over now. */
  readonly ended: number;
  /** Of these, those that nobody acknowledged, was given, or resolved by hand. */
  readonly untaken: number;
  /** Alerts that a silence, a window, a run or another alert hid whenever they fired: nobody was told of them. */
  readonly hidden: number;
  /** How many different things the alerts that people were told of are about. */
  readonly subjects: number;
  /** The one of them that fired most often, by its newest alert; null = people were told of none. */
  readonly loudest: Loudest | null;
};

export type Loudest = {
  readonly number: number;
  readonly title: string;
  /** The node it is about; null = it is about no node, or that has left. */
  readonly nodeId: string | null;
  readonly firings: number;
};

export type ClusterNoise = {
  readonly clusterId: string;
  readonly since: Date;
  /** True where there were more than `mostCounted` alerts: the oldest of them are not in the numbers. */
  readonly isCut: boolean;
  /** What fired most often first. */
  readonly rules: readonly RuleNoise[];
};

/** Pure. What fired most often first; what was only hidden last. */
export function byLoudness(a: RuleNoise, b: RuleNoise): number {
  return b.firings - a.firings || b.alerts - a.alerts || b.hidden - a.hidden || (a.rule < b.rule ? -1 : 1);
}
