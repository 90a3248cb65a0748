import { describe, expect, it } from 'vitest';
import { parseExposition } from '../../../src/adapters/http/exposition.ts';
import type { NodeHttp } from '../../../src/adapters/http/port.ts';
import { queriesBetween, readQueryStats, readRoutineLoads } from '../../../src/adapters/http/read-query-stats.ts';
import { AppError } from '../../../src/errors.ts';

function page(queries: number, errors: number, p95 = 12): string {
  return `# HELP starrocks_fe_query_total total query
starrocks_fe_query_total ${queries}
starrocks_fe_query_err ${errors}
starrocks_fe_query_analysis_err 1
starrocks_fe_query_latency_ms{quantile="0.75"} 3.0
starrocks_fe_query_latency_ms{quantile="0.95"} ${p95}
starrocks_fe_query_latency_ms_sum 61234.0
starrocks_fe_query_latency_ms_count ${queries - errors}
starrocks_fe_routine_load_jobs{is_leader="true", state="RUNNING"} 2
starrocks_fe_routine_load_jobs{is_leader="true", state="UNSTABLE"} 1
starrocks_fe_routine_load_jobs{is_leader="true", state="PAUSED"} 7
`;
}

/** Frontends by host, each with its page; one without a page does not answer. */
function frontends(pages: Record<string, string | null>) {
  const unused = () => Promise.reject(new Error('not asked for'));
  const http: NodeHttp = {
    health: unused,
    frontendHa: unused,
    scrape: unused,
    metrics: async ({ host }) => {
      const text = pages[host] ?? null;
      if (text === null) throw new AppError('HTTP_FAILED', 'cannot be reached');
      return parseExposition(text);
    },
  };
  return { http, addresses: Object.keys(pages).map((host) => ({ host, httpPort: 8030 })) };
}

const read = (pages: Record<string, string | null>) => {
  const { http, addresses } = frontends(pages);
  return readQueryStats(http, addresses);
};

describe('the counters of queries', () => {
  it('are summed over the frontends, with the worst latency', async () => {
    expect(await read({ a: page(100, 3, 12), b: page(50, 0, 88) })).toMatchObject({
      queries: 150,
      errors: 3,
      analysisErrors: 2,
      p95Ms: 88,
      silent: [],
    });
  });

  it('know no latency where nothing was answered yet', async () => {
    expect((await read({ a: page(0, 0, 0) })).p95Ms).toBeNull();
  });

  it('name a frontend that does not answer, and go on without it', async () => {
    expect(await read({ a: page(100, 3), b: null })).toMatchObject({
      queries: 100,
      silent: ['b:8030: cannot be reached'],
    });
  });

  it('give what happened between two readings, across the restart of a frontend', async () => {
    const before = await read({ a: page(100, 3), b: page(1_000, 10) });
    const after = await read({ a: page(130, 5), b: page(20, 2), c: page(7, 7) });
    expect(queriesBetween(before, after)).toMatchObject({ queries: 50, errors: 4 });
  });
});

it('routine loads that run are counted by the leader', async () => {
  const { http } = frontends({ a: page(1, 0) });
  expect(await readRoutineLoads(http, { host: 'a', httpPort: 8030 })).toBe(3);
});
