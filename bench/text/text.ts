import { parseExposition } from '../../src/adapters/http/exposition.ts';
import { readNodeConf } from '../../src/domain/node-conf.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { median, round } from '../lib/statistics.ts';

/** How much longer the long text is than the short one. */
const factor = 10;

const metrics = (lines: number) =>
  Array.from({ length: lines }, (_, i) => `starrocks_fe_table_rows{db="d", table="t${i}"} ${i}\n`).join('');
const conf = (lines: number) => Array.from({ length: lines }, (_, i) => `key_${i} = value ${i}`).join('\n');

/** What reading takes, in the middle of several times. */
function medianMs(times: number, read: () => unknown): number {
  const taken = Array.from({ length: times }, () => {
    const startedAt = performance.now();
    read();
    return performance.now() - startedAt;
  });
  return median(taken);
}

/**
 * Pages of metrics and conf files come from outside. A reader that looks at each place again for each place takes a hundred
 * times as long for a text ten times as long, so both lengths are measured in one run: the ratio of the cost of a line is 1
 * where a reader is linear.
 */
export const textBenchmark = defineBenchmark({
  name: 'text',
  summary: 'What reading a page of metrics and a conf file costs by line, short and ten times as long.',
  full: { lines: 10_000, times: 9 },
  quick: { lines: 100, times: 1 },
  measure: async ({ say }, { lines, times }) => {
    const readers = {
      metrics: (text: string) => parseExposition(text),
      conf: (text: string) =>
        readNodeConf({ kind: 'FRONTEND', confText: text, home: '/fe' }).port('edit_log_port', 9010),
    };
    const texts = { metrics, conf };
    const cost = (name: 'metrics' | 'conf') => {
      const [short, long] = [texts[name](lines), texts[name](lines * factor)];
      readers[name](short); // just-in-time compilation
      const shortMs = medianMs(times, () => readers[name](short));
      const longMs = medianMs(times, () => readers[name](long));
      say(`${name}: ${lines} lines in ${shortMs.toFixed(1)} ms, ${lines * factor} lines in ${longMs.toFixed(1)} ms`);
      return { longMs: round(longMs), ratio: round(longMs / factor / shortMs) };
    };
    const [page, file] = [cost('metrics'), cost('conf')];
    return { metricsMs: page.longMs, metricsRatio: page.ratio, confMs: file.longMs, confRatio: file.ratio };
  },
});
