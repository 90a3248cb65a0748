import type { EChartsCoreOption } from 'echarts/core';
import type { Chart, ChartLine } from '../domain/charts/chart.ts';
import { clockOf, dayOf, isOneDay, spanInWords, stepInWords } from '../domain/charts/chart-times.ts';
import { commonGaps } from '../domain/charts/gaps.ts';
import { inScale, quantity } from '../domain/charts/quantity.ts';
import { type ValueAxis, valueAxisOf } from './axis.ts';
import { alarm, fontFamily, grid, ink, paper, pens, quiet } from './looks.ts';

export const margins = { top: 64, bottom: 40, left: 74 } as const;

/** What ECharts is to draw; the labels of lines are put beside them when it is known where they end. */
export function chartOption(chart: Chart, { right }: { readonly right: number }): EChartsCoreOption {
  const axis = valueAxisOf(chart);
  return {
    animation: false,
    useUTC: true,
    backgroundColor: paper,
    textStyle: { fontFamily, color: ink },
    title: {
      text: `${chart.title} · ${chart.place}`,
      subtext: `${spanInWords(chart.from, chart.to)}${pointInWords(chart)}`,
      left: 16,
      top: 10,
      itemGap: 6,
      textStyle: { fontFamily, fontSize: 17, fontWeight: 'normal', color: ink },
      subtextStyle: { fontFamily, fontSize: 12, color: quiet },
    },
    grid: { ...margins, right, containLabel: false },
    xAxis: timeAxis(chart),
    yAxis: {
      type: 'value',
      min: axis.min,
      max: axis.max,
      interval: axis.interval,
      axisLabel: { fontFamily, fontSize: 12, color: ink, formatter: (value: number) => tickOf(value, axis) },
      splitLine: { lineStyle: { color: grid } },
    },
    series: [
      scaffold(chart, axis),
      ...bandSeries(chart, axis),
      ...chart.lines.map((line, at) => lineSeries(line, at, axis)),
    ],
  };
}

function tickOf(value: number, { scale }: ValueAxis): string {
  return inScale(value * scale.factor, scale);
}

function pointInWords({ shows, stepMs }: Chart): string {
  if (stepMs <= 15_000) return '';
  const word = { MEAN: 'mean', HIGHEST: 'highest', LOWEST: 'lowest' }[shows];
  return ` · ${word} of each ${stepInWords(stepMs)}`;
}

function timeAxis({ from, to }: Chart) {
  const isShort = isOneDay(from, to);
  const word = (ms: number) => {
    const at = new Date(ms);
    const clock = clockOf(at);
    if (+to - +from > 4 * 86_400_000) return dayOf(at, { year: false });
    return !isShort && clock === '00:00' ? dayOf(at, { year: false }) : clock;
  };
  return {
    type: 'time',
    min: +from,
    max: +to,
    axisLine: { onZero: false, lineStyle: { color: ink } },
    axisLabel: { fontFamily, fontSize: 12, color: ink, hideOverlap: true, formatter: word },
    splitLine: { show: false },
  };
}

/** A series without a line, which holds what is not a line: the limit, moments, and times without data. */
function scaffold(chart: Chart, { scale }: ValueAxis) {
  const { threshold, marks, unit } = chart;
  const limit =
    threshold === null ? [] : [limitLine(threshold.value / scale.factor, `limit ${quantity(threshold.value, unit)}`)];
  const drawn = [...chart.lines, ...(chart.rest === null ? [] : [chart.rest.high])].map(({ points }) => points);
  const gaps = commonGaps(drawn, chart.stepMs);
  return {
    type: 'line',
    data: [],
    silent: true,
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      data: [...limit, ...marks.map(momentLine)],
    },
    markArea: {
      silent: true,
      animation: false,
      itemStyle: { color: '#f0f0f0' },
      label: { show: true, position: 'insideTop', fontFamily, fontSize: 11, color: quiet },
      data: gaps.map(({ from, to }) => {
        const end = Math.min(+to, +chart.to);
        const isWide = (end - +from) / (+chart.to - +chart.from) > 0.07;
        return [{ xAxis: +from, name: isWide ? 'no data' : '' }, { xAxis: end }];
      }),
    },
  };
}

function limitLine(yAxis: number, word: string) {
  const label = {
    position: 'insideStartTop',
    formatter: () => word,
    fontFamily,
    fontSize: 12,
    color: alarm,
    padding: 2,
    backgroundColor: paper,
  };
  return { yAxis, lineStyle: { color: alarm, width: 2, type: 'solid' }, label };
}

function momentLine({ at, label }: Chart['marks'][number]) {
  const word = {
    formatter: () => label,
    rotate: 0,
    position: 'end',
    distance: 4,
    fontFamily,
    fontSize: 11,
    color: ink,
  };
  return { xAxis: +at, lineStyle: { color: quiet, width: 1, type: [3, 3] }, label: word };
}

function lineSeries({ points }: ChartLine, at: number, { scale }: ValueAxis) {
  const pen = pens[at % pens.length] ?? pens[0];
  const known = (index: number) => (points[index]?.value ?? null) !== null;
  return {
    type: 'line',
    silent: true,
    connectNulls: false,
    showAllSymbol: true,
    lineStyle: { color: pen.color, width: 2, type: typeof pen.dash === 'string' ? pen.dash : [...pen.dash] },
    itemStyle: { color: pen.color },
    data: points.map(({ at: time, value }, index) => {
      // A value between two gaps makes no line: it is a dot.
      const isAlone = known(index) && !known(index - 1) && !known(index + 1);
      return { value: [+time, scaled(value, scale.factor)], symbol: isAlone ? 'circle' : 'none', symbolSize: 5 };
    }),
  };
}

/** The others, from the lowest to the highest of each time, as two areas of which the lower one is not seen. */
function bandSeries({ rest }: Chart, { scale }: ValueAxis) {
  if (rest === null) return [];
  const edge = { type: 'line', silent: true, stack: 'rest', symbol: 'none', lineStyle: { opacity: 0 } };
  const low = rest.low.points.map(({ at, value }) => [+at, scaled(value, scale.factor)]);
  const high = rest.high.points.map(({ at, value }, index) => {
    const from = rest.low.points[index]?.value ?? null;
    return [+at, value === null || from === null ? null : (value - from) / scale.factor];
  });
  return [
    { ...edge, data: low },
    { ...edge, data: high, areaStyle: { color: '#9a9a9a', opacity: 0.35 } },
  ];
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value / factor;
}
