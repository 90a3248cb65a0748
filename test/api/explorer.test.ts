import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../helpers/api.ts';

let api: Api;
let plain: Api;

beforeAll(async () => {
  [api, plain] = await Promise.all([startApi({}, { explorer: true }), startApi()]);
});
afterAll(() => Promise.all([api?.close(), plain?.close()]));

const get = (path: string, accept = 'text/html,*/*;q=0.8', from = api) =>
  fetch(`${from.server.url}${path}`, { headers: { accept }, redirect: 'manual' });

/** Everything a page names that a browser would load. */
function loadedBy(html: string): string[] {
  return [...html.matchAll(/<(?:script|link|img)\b[^>]*\b(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
}

describe('the explorer', () => {
  it('asks a browser for a token first, and says how requests carry it', async () => {
    const response = await get('/graphql');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    const page = await response.text();
    expect(page).toContain('Authorization: Bearer');
    expect(loadedBy(page)).toEqual(['/graphql/explorer/ask.css', '/graphql/explorer/ask.js']);
  });

  it('has everything that it loads from here, under a policy that allows nothing else', async () => {
    const response = await get('/graphql/explorer/');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    const html = await response.text();
    expect(html).toContain('<base href="/graphql/explorer/"');
    const addresses = loadedBy(html);
    expect(addresses).toContain('start.js');
    expect(addresses.length).toBeGreaterThan(5);
    for (const address of [...addresses, '/graphql/explorer/ask.css', '/graphql/explorer/ask.js']) {
      const part = await fetch(new URL(address, `${api.server.url}/graphql/explorer/`));
      expect([address, part.status, part.headers.get('content-type')?.startsWith('text/html')]).toEqual([
        address,
        200,
        false,
      ]);
      await part.body?.cancel();
    }
  });

  it('leads nowhere else on the disk', async () => {
    for (const path of ['/graphql/explorer/..%2f..%2fpackage.json', '/graphql/explorer/no-such.js']) {
      const response = await get(path);
      expect([401, 403, 404, 405]).toContain(response.status);
      await response.body?.cancel();
    }
  });

  it('leaves clients that ask with the wrong method to be told so', async () => {
    expect((await get('/graphql?query={viewer{name}}', 'application/json')).status).toBe(405);
    expect((await fetch(`${api.server.url}/graphql`, { method: 'POST' })).status).toBe(401);
  });

  it('is not there in production', async () => {
    expect((await get('/graphql', 'text/html', plain)).status).toBe(405);
    expect((await get('/graphql/explorer/', 'text/html', plain)).status).toBe(405);
  });
});
