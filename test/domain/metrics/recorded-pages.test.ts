import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPage } from '../../../src/adapters/http/exposition.ts';
import { wantFamilies } from '../../../src/adapters/http/page-families.ts';
import { catalogue } from '../../../src/domain/metrics/catalogue/index.ts';
import { deriveMeasurements, type Look } from '../../../src/domain/metrics/derive.ts';
import { wantedFamilies } from '../../../src/domain/metrics/wanted.ts';

const read = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../contracts/recorded/metrics-fe-${name}.txt`), 'utf8');
const [leader, follower] = [read('leader'), read('follower')];

/** As the product reads it. */
const wanted = wantFamilies(wantedFamilies(catalogue));
const parse = (page: string) => readPage(Buffer.from(page), wanted);

const start = new Date('2026-11-27T10:00:00Z');
const node = (id: string) => ({ id, kind: 'FRONTEND', alive: true, version: '3.5.0-37c7c51' }) as const;

/** A look at both frontends; real ones, one of which leads. */
function look(pages: { leader: string; follower: string }, more: Partial<Look> = {}) {
  return deriveMeasurements({
    ...{ nodes: [node('lead'), node('follow')], leader: 'lead', before: {}, facts: {}, at: start },
    pages: new Map([
      ['lead', parse(pages.leader)],
      ['follow', parse(pages.follower)],
    ]),
    ...more,
  });
}

/** Written down by hand from the two pages. */
const first: readonly [metric: string, subject: string, value: number][] = [
  ['queries_queued', 'lead', 0],
  ['queries_queued', '', 0],
  ['connections', 'lead', 0],
  ['connections', 'follow', 0],
  ['user_connections', 'user root', 0],
  ['user_connections', "user o'brien", 0],
  ['transactions_running', 'database shop', 0],
  ['transactions_running', 'database _statistics_', 0],
  ['transactions_running', '', 0],
  ['loads_waiting', '', 0],
  ['schema_changes_running', '', 0],
  ['safe_mode', '', 0],
  ['routine_loads_running', '', 0],
  ['routine_loads_paused', '', 0],
  ['routine_loads_waiting', '', 0],
  ['routine_loads_unstable', '', 0],
  ['jvm_heap_bytes', 'lead', 438_104_048],
  ['jvm_heap_bytes', 'follow', 618_835_000],
  ['jvm_heap_bytes', '', 618_835_000],
  ['jvm_heap_used_share', 'lead', 438_104_048 / 1_520_435_200],
  ['jvm_heap_used_share', '', 618_835_000 / 1_520_435_200],
  ['jvm_threads', 'lead', 389],
  ['jvm_threads', 'follow', 105],
  ['jvm_threads', '', 389],
  ['compaction_score_max', '', 100],
  ['tablets_scheduled', '', 0],
  ['journal_since_image', 'lead', 742],
  ['journal_since_image', 'follow', 742],
  ['journal_since_image', '', 742],
  ['journal_waiting', '', 0],
  ['thrift_calls_running', 'lead', 1],
  ['thrift_calls_running', 'follow', 1],
  ['thrift_calls_queued', 'lead', 0],
  ['http_requests_queued', 'follow', 0],
  ['reports_queued', '', 0],
];

/** Known once it was seen that something is counted there. */
const counted: typeof first = [
  ['query_p75_ms', 'lead', 35],
  ['query_p95_ms', 'lead', 80],
  ['query_p98_ms', 'lead', 139],
  ['query_p99_ms', 'lead', 139],
  ['query_p999_ms', 'lead', 139],
  ['query_p95_ms', '', 80],
  ['journal_write_p99_ms', '', 39],
];

function subjectOf(text: string) {
  if (text === '') return {};
  const [kind = '', name] = text.split(' ');
  return name === undefined ? { nodeId: kind } : { [kind]: name };
}

describe('the pages of real frontends', () => {
  const seen = look({ leader, follower });

  it.each(first)('give %s of "%s" as %d', (metric, subject, value) => {
    expect(seen.measurements).toContainEqual({ metric, subject: subjectOf(subject), value });
  });

  it('have every family of frontends that the catalogue names', () => {
    const present = new Set([leader, follower].flatMap((page) => parse(page).samples.map(({ name }) => name)));
    const ofFrontends = [...wantedFamilies(catalogue)].filter((name) => !name.startsWith('starrocks_be_'));
    expect(ofFrontends.filter((name) => !present.has(name))).toEqual([]);
  });

  it('leave nothing of a frontend unknown but what needs a second look, a fact, or a query', () => {
    const reasons = new Set(seen.unknown.map(({ reason }) => reason));
    expect([...reasons].toSorted()).toEqual(['FACT_UNKNOWN', 'NO_LOOK_BEFORE', 'OF_NOTHING']);
    const ofNothing = seen.unknown
      .filter(({ reason }) => reason === 'OF_NOTHING')
      .map(({ metric, subject }) => [metric, subject]);
    // Nobody asked the follower anything that succeeded, and no load was seen to end yet.
    expect(ofNothing.filter(([metric]) => metric !== 'transactions_failed_share_lately')).toEqual(
      ['query_p75_ms', 'query_p95_ms', 'query_p98_ms', 'query_p99_ms', 'query_p999_ms'].map((metric) => [
        metric,
        { nodeId: 'follow' },
      ]),
    );
    expect(ofNothing).toContainEqual(['transactions_failed_share_lately', {}]);
  });

  it('give the rates of what was counted in between', () => {
    const set = (page: string, changes: Record<string, number>) =>
      page
        .split('\n')
        .map((line) => {
          const name = Object.keys(changes).find((each) => line.startsWith(`${each} `));
          return name === undefined ? line : `${name} ${changes[name]}`;
        })
        .join('\n');
    const later = {
      leader: set(leader, {
        ...{
          starrocks_fe_query_total: 170 + 100,
          starrocks_fe_query_err: 66 + 12,
          starrocks_fe_query_analysis_err: 42 + 10,
        },
        ...{ starrocks_fe_query_latency_ms_count: 104 + 88, starrocks_fe_journal_write_latency_ms_count: 1_006 + 1 },
        ...{ starrocks_fe_query_timeout: 1, starrocks_fe_slow_query: 5, starrocks_fe_request_total: 2_680 + 200 },
        ...{ starrocks_fe_txn_success: 3 + 30, starrocks_fe_txn_failed: 41 + 10, starrocks_fe_load_finished: 3 + 20 },
        ...{ 'jvm_old_gc{type="time"}': 4_406 + 50, 'jvm_young_gc{type="time"}': 2_586 + 150 },
      }),
      // Started anew: 50 queries since, 25 of them failed.
      follower: set(follower, {
        starrocks_fe_query_total: 50,
        starrocks_fe_query_err: 25,
        starrocks_fe_request_total: 60,
        starrocks_fe_query_analysis_err: 0,
      }),
    };
    const second = look(later, { before: seen.counters, at: new Date(start.getTime() + 10_000) });
    const value = (metric: string, subject: string) =>
      second.measurements.find(
        (each) => each.metric === metric && JSON.stringify(each.subject) === JSON.stringify(subjectOf(subject)),
      )?.value;
    for (const [metric, subject, wanted] of counted) expect(value(metric, subject)).toBe(wanted);
    expect(value('queries_per_second', 'lead')).toBe(10);
    expect(value('queries_per_second', 'follow')).toBe(5);
    expect(value('queries_per_second', '')).toBe(15);
    expect(value('query_error_share', 'lead')).toBeCloseTo(0.02);
    expect(value('query_error_share', 'follow')).toBe(0.5);
    expect(value('query_error_share', '')).toBeCloseTo(27 / 150);
    expect(value('query_timeouts_per_second', 'lead')).toBe(0.1);
    expect(value('slow_queries_per_second', 'lead')).toBe(0.5);
    expect(value('transactions_failed_share', '')).toBe(0.25);
    expect(value('transactions_per_second', '')).toBe(3);
    expect(value('loads_per_second', 'lead')).toBe(2);
    expect(value('jvm_gc_ms_per_second', 'lead')).toBe(20);
  });
});
