import type { MetricSubject } from './measurement.ts';

/** Why a value is not known. */
export const unknownReasons = [
  /** The node's page was not read. */
  'NODE_SILENT',
  /** Only the leader knows it, and no frontend leads, or the page of the one that led says that it does not any more. */
  'NO_LEADER',
  /** The node's version does not have it. */
  'NOT_IN_THIS_VERSION',
  /** The page was read and does not have it, e.g. because it broke off. */
  'NOT_ON_PAGE',
  /** NaN or infinite. */
  'NOT_A_NUMBER',
  /** The page says two things about the same, or a part that is larger than the whole. */
  'CONTRADICTORY',
  /** A rate needs two looks, not less than a second and not too long apart. */
  'NO_LOOK_BEFORE',
  /** Nothing happened of which there could be a share, or a latency. This is no fault. */
  'OF_NOTHING',
  /** Less happened than it takes to say anything of it: a percentile of two queries is what one of them took. No fault either. */
  'OF_FEW',
  /** The cluster was not asked yet, or did not answer. */
  'FACT_UNKNOWN',
] as const;
export type UnknownReason = (typeof unknownReasons)[number];

/** Nothing is hidden: nothing happened, or too little to say anything of it. */
export function isOfNothing(reason: UnknownReason): boolean {
  return reason === 'OF_NOTHING' || reason === 'OF_FEW';
}

/** A value that this look could not tell. */
export type Unknown = {
  readonly metric: string;
  /** As far as it is known: of a disk or a user, its node or the cluster. */
  readonly subject: MetricSubject;
  readonly reason: UnknownReason;
  /** In words. */
  readonly because: string;
};

/** Known, or why not. `parts` of a share are known even where the share itself is not: 0 of 0. */
export type Value =
  | { readonly value: number; readonly parts?: Parts }
  | { readonly reason: UnknownReason; readonly because: string; readonly parts?: Parts };

export type Parts = { readonly of: number; readonly in: number };

export function isKnown(value: Value): value is Extract<Value, { value: number }> {
  return 'value' in value;
}
