import { readFileSync } from 'node:fs';
import { parse as promotel } from '@platformatic/promotel';
import { readPage } from '../../src/adapters/http/exposition.ts';
import { wantFamilies } from '../../src/adapters/http/page-families.ts';
import { catalogue } from '../../src/domain/metrics/catalogue/index.ts';
import { wantedFamilies } from '../../src/domain/metrics/wanted.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { median, round } from '../lib/statistics.ts';
import { parsePrometheusTextFormat } from './parse-prometheus-text-format.ts';

const backends = 1_000;
const firstUser = '# HELP starrocks_fe_connection_total';

/**
 * The page of a real leader, made so that a strict parser reads it to the end: without the names of failed logins, two
 * blanks after a hash, a blank between labels, and HELP without a text.
 */
function recordedPage(): string {
  const page = readFileSync(new URL('../../test/fixtures/metrics/frontend-leader.txt', import.meta.url), 'utf8');
  return page
    .replaceAll(/^starrocks_fe_connection_total\{user="(?!root"\})[^}]*\} 0\n/gm, '')
    .replaceAll(/^# HELP \S+ \n/gm, '')
    .replaceAll(/^# (HELP|TYPE) {2}/gm, '# $1 ')
    .replaceAll('", ', '",');
}

/** The same page as a leader of a thousand backends prints it: 200 KB. */
function largePage(page: string): string {
  const lines = Array.from({ length: backends }, (_, i) => {
    const labels = `{is_leader="true",backend="10.0.${i >> 8}.${i & 255}:9050"}`;
    return `starrocks_fe_tablet_num${labels} ${i * 7}\nstarrocks_fe_tablet_max_compaction_score${labels} ${i % 90}\n`;
  });
  return page.replace(firstUser, () => `${lines.join('')}${firstUser}`);
}

/** MB for each second of CPU time, since other work on the machine makes wall time longer. */
function speed(bytes: number, { turns, times }: { turns: number; times: number }, read: () => unknown): number {
  const speeds = Array.from({ length: turns }, () => {
    const before = process.cpuUsage();
    for (let time = 0; time < times; time += 1) read();
    const { user, system } = process.cpuUsage(before);
    return (bytes * times) / Math.max(1, user + system);
  });
  return median(speeds);
}

/** How often the slow ones read a page for each time that ours do: enough for a figure, in less than a minute. */
const seldom = 40;

/**
 * What a page of metrics costs to read, beside two parsers from npm that read the same page in the same run. Ours is given
 * bytes, as they come from a node; making text of them counts for the others. The page is cleaned for them: of the page of a real
 * frontend both make an error or nothing.
 */
export const parserBenchmark = defineBenchmark({
  name: 'parser',
  summary: 'MB of metrics per second of CPU time, what the catalogue wants and all, beside two parsers from npm.',
  full: { turns: 9, times: 40 },
  quick: { turns: 1, times: 1 },
  measure: async ({ say }, size) => {
    const recorded = recordedPage();
    const wanted = wantFamilies(wantedFamilies(catalogue));
    const figures = Object.entries({ recorded, large: largePage(recorded) }).flatMap(([name, text]) => {
      const bytes = Buffer.from(text);
      const few = { turns: Math.min(3, size.turns), times: Math.ceil(size.times / seldom) };
      const readers = {
        Wanted: { ...size, read: () => readPage(bytes, wanted) },
        All: { ...size, read: () => readPage(bytes) },
        TextFormat: { ...size, read: () => parsePrometheusTextFormat(bytes.toString()) },
        Promotel: { ...few, read: () => promotel(bytes.toString()) },
      };
      return Object.entries(readers).map(([reader, { read, ...often }]) => {
        for (let time = 0; time < often.times; time += 1) read(); // just-in-time compilation
        const megabytes = round(speed(bytes.length, often, read));
        say(`${name} page, ${bytes.length} bytes, ${reader}: ${megabytes} MB/s`);
        return [`${name}${reader}`, megabytes] as const;
      });
    });
    return Object.fromEntries(figures);
  },
});
