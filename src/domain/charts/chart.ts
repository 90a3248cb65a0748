import type { MetricUnit } from '../metrics/metric.ts';

/** One value of a line; null = nothing was measured in that time. */
export type ChartPoint = { readonly at: Date; readonly value: number | null };

export type ChartLine = { readonly label: string; readonly points: readonly ChartPoint[] };

/** A limit that is drawn across; `OVER` = what is above it is bad. */
export type Threshold = { readonly value: number; readonly bad: 'OVER' | 'UNDER' };

/** Something that happened at a moment, as few words. */
export type ChartMark = { readonly at: Date; readonly label: string };

/** What a picture of numbers shows: plain data, complete, nothing in it is looked up again when it is drawn or said. */
export type Chart = {
  /** What is shown, in a few words: `Query latency, 95 %`. */
  readonly title: string;
  /** The cluster. */
  readonly place: string;
  readonly unit: MetricUnit;
  readonly from: Date;
  readonly to: Date;
  /** One point for so long, which all lines share. */
  readonly stepMs: number;
  /** What one point is of all that was measured in its step. */
  readonly shows: 'MEAN' | 'HIGHEST' | 'LOWEST';
  /** The worst first, `mostLines` at most. */
  readonly lines: readonly ChartLine[];
  /** Of all others only the lowest and the highest are drawn, as a band; `count` is how many they are. */
  readonly rest: { readonly count: number; readonly low: ChartLine; readonly high: ChartLine } | null;
  readonly threshold: Threshold | null;
  readonly marks: readonly ChartMark[];
};

/** More lines than this cannot be told apart. */
export const mostLines = 8;
export const mostMarks = 4;

/** What drawing came to. `png` = a picture; otherwise why there is none, in words for people. */
export type Drawn =
  | { readonly kind: 'PICTURE'; readonly png: Uint8Array }
  | { readonly kind: 'NONE'; readonly because: string };

/** Draws charts, one after the other, away from the event loop. Never throws. */
export type ChartPainter = {
  draw(chart: Chart): Promise<Drawn>;
  /** Ends what is being drawn, which is then answered as not drawn. */
  stop(): Promise<void>;
};
