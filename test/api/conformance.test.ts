import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Api, as, startApi } from '../helpers/api.ts';

/*
 * The audits of GraphQL over HTTP by the makers of the specification. The only ones we do not pass ask for GET, which is
 * refused for everything, so that no query ever stands in somebody's log of URLs.
 */
const needGet = ['5A70', 'D6D5', '6A70'];

let api: Api;
let token: string;
beforeAll(async () => {
  api = await startApi();
  token = await api.login('auditor', as.viewer);
});
afterAll(() => api?.close());

const audits = serverAudits({
  url: () => `${api.server.url}/graphql`,
  fetchFn: (url: string, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  },
});

it.each(audits.map((audit) => [audit.id, audit.name, audit.fn] as const))('%s %s', async (id, _name, run) => {
  const result = await run();
  const wanted = needGet.includes(id) ? 'not ok' : 'ok';
  expect(result.status === 'ok' ? 'ok' : 'not ok', 'reason' in result ? result.reason : undefined).toBe(wanted);
});

it('the suite has all its audits', () => {
  expect(audits.length).toBeGreaterThan(50);
  expect(audits.filter((audit) => audit.name.startsWith('MUST')).length).toBeGreaterThan(10);
});
