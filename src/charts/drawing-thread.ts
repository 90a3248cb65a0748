import { parentPort } from 'node:worker_threads';
import type { Chart } from '../domain/charts/chart.ts';
import { messageOf } from '../errors.ts';
import { renderChart } from './render-chart.ts';

/** What the thread is asked, and what it answers, each with the number of the question. */
export type Question = { readonly number: number; readonly chart: Chart };
export type Reply =
  | { readonly number: number; readonly png: Uint8Array }
  | { readonly number: number; readonly error: string };

parentPort?.on('message', ({ number, chart }: Question) => {
  parentPort?.postMessage(reply(number, chart));
});

function reply(number: number, chart: Chart): Reply {
  try {
    return { number, png: renderChart(chart) };
  } catch (error) {
    return { number, error: messageOf(error) };
  }
}
