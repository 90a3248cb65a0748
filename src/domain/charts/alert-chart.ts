import type { Alert } from '../alert.ts';
import type { MetricSubject } from '../metrics/measurement.ts';
import type { ChartMark, Threshold } from './chart.ts';

/** What a rule that judges a number says of it. */
export type RuleOnNumber = {
  /** A name of the catalogue. */
  readonly metric: string;
  /** Every subject by itself, or the one value of the whole cluster. */
  readonly of: 'EACH' | 'CLUSTER';
  readonly compare: 'ABOVE' | 'BELOW';
  /** In the unit of the metric, as it holds for the alert. */
  readonly threshold: number;
};

/** What the picture of an alert shows. */
export type AlertChart = {
  readonly metric: string;
  readonly subject: MetricSubject;
  readonly threshold: Threshold;
  /** Since when the condition holds. */
  readonly since: Date;
};

type Judged = Pick<Alert, 'nodeId' | 'labels' | 'since'>;

/** The number that an alert is about: of the node and the part of it that its labels name. */
export function chartOfAlert({ nodeId, labels, since }: Judged, rule: RuleOnNumber): AlertChart {
  const { path, medium, database, user, job, endpoint } = labels;
  const named = { nodeId: nodeId ?? undefined, path, medium, database, user, job, endpoint };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return {
    metric: rule.metric,
    subject: rule.of === 'CLUSTER' ? {} : Object.fromEntries(given),
    threshold: { value: rule.threshold, bad: rule.compare === 'ABOVE' ? 'OVER' : 'UNDER' },
    since,
  };
}

/** When an alert gets a picture: when it was opened, and when it was first resolved. */
export const pictureMoments = ['OPENED', 'RESOLVED'] as const;
export type PictureMoment = (typeof pictureMoments)[number];

const minute = 60_000;
const beforeMs = { OPENED: 60 * minute, RESOLVED: 15 * minute } as const;
/** A picture that is drawn late, since Slack was away, does not show what came long after. */
const afterMs = 10 * minute;
/** Two moments that are nearer than this part of the picture have one mark. */
const apart = 0.08;

/** The time that the picture of an alert shows, and what is marked in it. */
export function frameOf(
  moment: PictureMoment,
  { since, at, now }: { readonly since: Date; readonly at: Date; readonly now: Date },
): { readonly from: Date; readonly to: Date; readonly marks: readonly ChartMark[] } {
  const from = new Date(+since - beforeMs[moment]);
  const to = new Date(Math.max(+since + minute, Math.min(+now, +at + afterMs)));
  const end = { at, label: moment === 'OPENED' ? 'alert' : 'resolved' };
  const isApart = Math.abs(+at - +since) / (+to - +from) > apart;
  return { from, to, marks: isApart ? [{ at: since, label: 'since then' }, end] : [end] };
}
