import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrometheus, type PrometheusSettings } from '../../../src/adapters/prometheus/client.ts';
import { refusal, type StandIn, send, startStandIn } from './stand-in.ts';

let standIn: StandIn;
let client: ReturnType<typeof createPrometheus>;

beforeEach(async () => {
  standIn = await startStandIn();
  open();
});
afterEach(async () => {
  await client.close();
  await standIn.stop();
});

function open(settings: Partial<PrometheusSettings> = {}): void {
  client = createPrometheus({ url: standIn.url, timeoutMs: 2_000, authorization: async () => null, ...settings });
}

const range = { query: 'up', startS: 1_000, endS: 1_020, stepS: 10 };

it('asks for a range, a moment and a version, by forms', async () => {
  expect(await client.queryRange(range)).toEqual({
    series: [
      {
        labels: { instance: '10.0.0.1:8030' },
        values: [
          [1_000_000, 0],
          [1_010_000, 1],
          [1_020_000, 2],
        ],
      },
    ],
    warnings: [],
  });
  const { series } = await client.query({ query: 'up', atMs: 1_500 });
  expect(series[0]?.values).toEqual([[1_500, Number.POSITIVE_INFINITY]]);
  expect(await client.version()).toBe('2.42.0');
  expect(standIn.asked[0]?.form.toString()).toBe('query=up&start=1000&end=1020&step=10&partial_response=false');
});

it('keeps the path of the address, and sends the login that there is at that moment', async () => {
  const tokens = ['one', 'two'];
  open({ url: `${standIn.url}/prometheus/`, authorization: async () => `Bearer ${tokens.shift()}` });
  standIn.answer = ({ headers }, response) =>
    headers.authorization === 'Bearer two'
      ? send(response, 200, { status: 'success', data: {} })
      : send(response, 401, 'Unauthorized');
  await expect(client.version()).rejects.toThrow('does not let Starwarden in (HTTP 401)');
  expect(await client.version()).toBeNull();
  expect(standIn.asked.map(({ path }) => path)).toEqual(Array(2).fill('/prometheus/api/v1/status/buildinfo'));
});

it('never asks for more points than Prometheus answers', async () => {
  await expect(client.queryRange({ ...range, endS: 1_000 + 11_000 * 10 })).rejects.toThrow('at most 11000 points');
  expect(standIn.asked).toEqual([]);
});

it('tells what is doubtful about an answer, but no hints about the text of a query', async () => {
  const warnings = ['store gateway away', 'PromQL info: metric might not be a counter'];
  standIn.answer = (_, response) =>
    send(response, 200, { status: 'success', data: { resultType: 'matrix', result: [] }, warnings });
  expect(await client.queryRange(range)).toEqual({ series: [], warnings: ['store gateway away'] });
});

describe('what is no answer', () => {
  it.each([
    [400, refusal('bad_data', 'parse error'), 'refuses the query (HTTP 400, bad_data): parse error'],
    [
      422,
      refusal('execution', 'query processing would load\ntoo many samples'),
      'execution): query processing would load too many',
    ],
    [
      503,
      refusal('timeout', 'query timed out in expression evaluation'),
      'refuses the query (HTTP 503, timeout): query timed out',
    ],
    [404, '404 page not found', 'does not know its API there (HTTP 404)'],
    [502, '<html>', 'answers HTTP 502 and not what Prometheus answers'],
    [200, '<html>login</html>', 'answers HTTP 200 and not what Prometheus answers'],
    [200, { status: 'success', data: { resultType: 'scalar', result: [1, '2'] } }, 'not what Prometheus answers'],
    [
      200,
      { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [[1, 2]] }] } },
      'not what',
    ],
  ])('%d is told as what it is', async (status, body, words) => {
    standIn.answer = (_, response) => send(response, status, body);
    await expect(client.queryRange(range)).rejects.toMatchObject({
      code: 'HTTP_FAILED',
      message: expect.stringContaining(words),
    });
  });

  it('is a redirect too, which is not followed', async () => {
    standIn.answer = (_, response) => {
      response.writeHead(302, { location: `${standIn.url}/elsewhere` });
      response.end();
      return true;
    };
    await expect(client.queryRange(range)).rejects.toThrow('which is not followed');
    expect(standIn.asked).toHaveLength(1);
  });

  it('is one that is too long, or breaks off', async () => {
    open({ mostBytes: 50 });
    await expect(client.queryRange(range)).rejects.toThrow('the answer is longer than 50 bytes');
    open();
    standIn.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"status":"succ', () => response.destroy());
      return true;
    };
    await expect(client.queryRange(range)).rejects.toMatchObject({ code: 'HTTP_FAILED', retryable: true });
  });
});

it('gives one that hangs its time, does not ask again for a while, and then asks', async () => {
  open({ timeoutMs: 150, restMs: 200 });
  standIn.answer = () => true;
  await expect(client.queryRange(range)).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(client.query({ query: 'up', atMs: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(standIn.asked).toHaveLength(1);
  standIn.answer = null;
  await expect.poll(() => client.version().catch(() => null), { timeout: 2_000 }).toBe('2.42.0');
});

it('goes on asking where a query was refused', async () => {
  standIn.answer = (_, response) => send(response, 422, refusal('execution', 'too many samples'));
  await expect(client.queryRange(range)).rejects.toThrow();
  standIn.answer = null;
  expect((await client.queryRange(range)).series).toHaveLength(1);
});

it('asks no more at the same time than it may', async () => {
  open({ atOnce: 2 });
  let [now, most] = [0, 0];
  standIn.answer = (_, response) => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
      send(response, 200, { status: 'success', data: { resultType: 'matrix', result: [] } });
    }, 20);
    return true;
  };
  await Promise.all(Array.from({ length: 8 }, () => client.queryRange(range)));
  expect(most).toBe(2);
});
