import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export type Asked = {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
};

/** Refuses what Prometheus refuses; what else it answers is up to `answer`, null = what is below. */
export type StandIn = {
  readonly url: string;
  readonly asked: Asked[];
  answer: ((asked: Asked, response: ServerResponse) => boolean) | null;
  stop(): Promise<void>;
};

export async function startStandIn(): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const seen = { path: request.url ?? '', form: new URLSearchParams(body), headers: request.headers };
      asked.push(seen);
      if (standIn.answer?.(seen, response) === true) return;
      answerAsPrometheus(request, seen, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const standIn: StandIn = {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    answer: null,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return standIn;
}

export function send(response: ServerResponse, status: number, body: unknown): true {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
  return true;
}

export const refusal = (errorType: string, error: string) => ({ status: 'error', errorType, error });

function answerAsPrometheus(request: IncomingMessage, { path, form, headers }: Asked, response: ServerResponse): void {
  const bad = (message: string) => send(response, 400, refusal('bad_data', message));
  if (path === '/api/v1/status/buildinfo' && request.method === 'GET')
    return void send(response, 200, { status: 'success', data: { version: '2.42.0' } });
  if (request.method !== 'POST') return void send(response, 405, 'Method Not Allowed');
  if (headers['content-type'] !== 'application/x-www-form-urlencoded') return void bad('no form');
  const query = form.get('query') ?? '';
  if (query === '')
    return void bad('invalid parameter "query": unknown position: parse error: no expression found in input');
  if (path === '/api/v1/query') return void send(response, 200, vector(Number(form.get('time'))));
  if (path !== '/api/v1/query_range') return void send(response, 404, '404 page not found');
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)));
  if (start === undefined || end === undefined || step === undefined || ![start, end, step].every(Number.isFinite))
    return void bad('invalid parameter');
  if (end < start) return void bad('invalid parameter "end": end timestamp must not be before start time');
  if (step <= 0)
    return void bad('invalid parameter "step": zero or negative query resolution step widths are not accepted');
  if ((end - start) / step > 11_000) return void bad('exceeded maximum resolution of 11,000 points per timeseries');
  send(response, 200, matrix(start, end, step));
}

const labels = { instance: '10.0.0.1:8030' };

function matrix(start: number, end: number, step: number) {
  const count = Math.floor((end - start) / step) + 1;
  const values = Array.from({ length: count }, (_, index) => [start + index * step, String(index)]);
  return { status: 'success', data: { resultType: 'matrix', result: [{ metric: labels, values }] } };
}

function vector(time: number) {
  return { status: 'success', data: { resultType: 'vector', result: [{ metric: labels, value: [time, '+Inf'] }] } };
}
