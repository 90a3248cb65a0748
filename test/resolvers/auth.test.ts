import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashToken, revokeToken } from '../../src/store/access.ts';
import { ensureBootstrapTokens, hasUsableToken } from '../../src/store/bootstrap-access.ts';
import { systemActor } from '../helpers/engine.ts';
import { type Api, as, startApi } from './api.ts';

const viewer = '{ viewer { id name permissions bindings { role scope environment clusterId } tokenExpiresAt } }';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

describe('a token', () => {
  it('makes its owner the viewer, with the roles of the owner', async () => {
    const token = await api.login('vera', as.viewer, {
      role: 'OPERATOR',
      scope: { kind: 'environment', environment: 'dev' },
    });
    const { data, status } = await api.ask(token, viewer);
    expect(status).toBe(200);
    expect(data?.viewer).toMatchObject({
      name: 'vera',
      bindings: [
        { role: 'OPERATOR', scope: 'ENVIRONMENT', environment: 'dev', clusterId: null },
        { role: 'VIEWER', scope: 'ALL', environment: null, clusterId: null },
      ],
    });
    expect(data?.viewer).toHaveProperty('permissions', expect.arrayContaining(['CLUSTER_READ', 'RUN_CONTROL']));
  });

  it('is kept as a hash only', async () => {
    const token = await api.login('hash-only', as.viewer);
    const { db } = api.engine.ctx;
    const rows = await db.selectFrom('api_token').selectAll().execute();
    expect(rows.map((row) => row.token_hash)).toContain(hashToken(token));
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(token).toMatch(/^sw_[\w-]{43}$/);
  });
});
