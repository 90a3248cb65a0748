import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { LineChart } from 'echarts/charts';
import {
  GraphicComponent,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components';
import { type EChartsType, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Chart, ChartLine } from '../domain/charts/chart.ts';
import { pictureText } from '../domain/charts/picture-text.ts';
import { valueAxisOf } from './axis.ts';
import { chartOption, margins } from './chart-option.ts';
import { fontFamily, height, ink, pens, quiet, width, zoom } from './looks.ts';
import { spread } from './spread.ts';

use([LineChart, GridComponent, TitleComponent, MarkLineComponent, MarkAreaComponent, GraphicComponent, SVGRenderer]);

const { resolve } = createRequire(import.meta.url);
const font = new Uint8Array(readFileSync(resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')));
await initWasm(readFileSync(resolve('@resvg/resvg-wasm/index_bg.wasm')));

const longestLabel = 30;
const labelSize = 12;
/** About as wide as a character of the font is at this size. */
const characterWidth = 7.8;

/** Draws a chart: the bytes of a PNG. Takes about a second, all of it computing; only for a thread of its own. */
export function renderChart(chart: Chart): Uint8Array {
  const picture = new Resvg(svgOf(chart), {
    font: { fontBuffers: [font], loadSystemFonts: false, defaultFontFamily: fontFamily, sansSerifFamily: fontFamily },
    fitTo: { mode: 'zoom', value: zoom },
  });
  try {
    const rendered = picture.render();
    const png = rendered.asPng();
    rendered.free();
    return png;
  } finally {
    picture.free();
  }
}

function svgOf(chart: Chart): string {
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    const labels = labelsOf(chart);
    const longest = labels.reduce((most, { text }) => Math.max(most, text.length), 0);
    const right = 30 + Math.max(12, longest * characterWidth);
    drawing.setOption(chartOption(chart, { right }));
    drawing.setOption({ graphic: labels.length === 0 ? [] : labelGraphics(drawing, { chart, labels, right }) });
    return drawing.renderToSVGString();
  } finally {
    drawing.dispose();
  }
}

type Label = {
  readonly text: string;
  readonly color: string;
  readonly dash: readonly number[] | null;
  readonly at: Date;
  readonly value: number;
};

/** Each line's name at the height at which it ends. */
function labelsOf(chart: Chart): readonly Label[] {
  const lines = chart.lines.flatMap((line, index) => {
    const pen = pens[index % pens.length] ?? pens[0];
    const dash = typeof pen.dash === 'string' ? null : pen.dash;
    return lastOf(line).map((last) => ({
      text: pictureText(line.label, longestLabel),
      color: pen.color,
      dash,
      ...last,
    }));
  });
  if (chart.rest === null) return lines;
  const others = lastOf(chart.rest.high).map((last) => ({
    text: `and ${chart.rest?.count} more`,
    color: quiet,
    dash: null,
    ...last,
  }));
  return [...lines, ...others];
}

function lastOf({ points }: ChartLine): readonly { at: Date; value: number }[] {
  const last = points.findLast(({ value }) => value !== null);
  return last === undefined || last.value === null ? [] : [{ at: last.at, value: last.value }];
}

type Labelling = { readonly chart: Chart; readonly labels: readonly Label[]; readonly right: number };

/** A short piece of each line's pattern, and its name. */
function labelGraphics(drawing: EChartsType, { chart, labels, right }: Labelling) {
  const { scale } = valueAxisOf(chart);
  const ends = labels.map(({ at, value }) => {
    const [, y = 0] = drawing.convertToPixel({ gridIndex: 0 }, [+at, value / scale.factor]);
    return y;
  });
  const heights = spread(ends, { gap: labelSize + 5, top: margins.top, bottom: height - margins.bottom });
  const edge = width - right;
  return labels.flatMap(({ text, color, dash }, index) => {
    const y = heights[index] ?? 0;
    return [
      {
        type: 'line',
        shape: { x1: edge + 4, y1: y, x2: edge + 22, y2: y },
        style: { stroke: color, lineWidth: 2, lineDash: dash === null ? null : [...dash] },
      },
      {
        type: 'text',
        style: { text, x: edge + 26, y, verticalAlign: 'middle', font: `${labelSize}px ${fontFamily}`, fill: ink },
      },
    ];
  });
}
