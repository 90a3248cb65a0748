import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findActorByPersonId } from '../../src/store/access/actors.ts';
import { ensureBootstrapTokens, hasUsableToken } from '../../src/store/access/bootstrap-access.ts';
import { createToken, disablePerson, revokeToken } from '../../src/store/access/people.ts';
import { hashToken } from '../../src/store/access/token-hash.ts';
import { type Api, as, startApi } from '../helpers/api.ts';
import { systemActor } from '../helpers/engine.ts';

const viewer = '{ viewer { id name permissions bindings { role scope environment clusterId } tokenExpiresAt } }';
const by = { actor: systemActor, requestId: null };

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function personIdOf(token: string): Promise<string> {
  return z.object({ id: z.string() }).parse((await api.ask(token, viewer)).data?.viewer).id;
}

describe('a token', () => {
  it('makes its owner the viewer, with the roles of the owner', async () => {
    const dev = { kind: 'environment', environment: 'dev' } as const;
    const token = await api.login('vera', as.viewer, { role: 'OPERATOR', scope: dev });
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

  it('is 256 random bits, and kept as a hash only', async () => {
    const token = await api.login('hash-only', as.viewer);
    const rows = await api.engine.ctx.db.selectFrom('api_token').selectAll().execute();
    expect(token).toMatch(/^sw_[\w-]{43}$/);
    expect(rows.map((row) => row.token_hash)).toContain(hashToken(token));
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it('is refused with 401 when it is missing, unknown, or of another scheme, and the attempt is audited', async () => {
    for (const authorization of [undefined, 'Bearer nonsense', 'Basic dXNlcjpwYXNz', 'Bearer']) {
      const headers = { 'x-request-id': 'who-goes-there', ...(authorization === undefined ? {} : { authorization }) };
      const answer = await api.ask(null, viewer, {}, headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    const audited = await api.engine.ctx.db
      .selectFrom('audit_event')
      .selectAll()
      .where('request_id', '=', 'who-goes-there')
      .execute();
    expect(audited).toHaveLength(4);
    expect(audited[0]).toMatchObject({ action: 'authenticate', outcome: 'UNAUTHENTICATED', actor_id: 'unknown' });
    expect(JSON.stringify(audited)).not.toContain('nonsense');
  });

  it('ends when it is revoked, when its time is over, and when its owner is shut out', async () => {
    const { db } = api.engine.ctx;
    const personId = await personIdOf(await api.login('ends', as.viewer));
    const make = (expiresInMs: number) => createToken(db, { personId, label: 'short', expiresInMs }, by);
    const [revoked, expired, orphaned] = [await make(60_000), await make(-1_000), await make(60_000)];
    await revokeToken(db, revoked.apiToken.id, by);
    expect((await api.ask(revoked.token, viewer)).status).toBe(401);
    expect((await api.ask(expired.token, viewer)).status).toBe(401);
    expect((await api.ask(orphaned.token, viewer)).status).toBe(200);
    await disablePerson(db, personId, by);
    expect((await api.ask(orphaned.token, viewer)).status).toBe(401);
    expect(await findActorByPersonId(db, personId, 'SLACK')).toBeNull();
  });

  it('that is good still works where too many bad ones were tried, which are told to wait', async () => {
    const own = await startApi();
    try {
      const token = await own.login('neighbour', as.viewer);
      const statuses = [];
      for (let attempt = 0; attempt < 25; attempt += 1) statuses.push((await own.ask('bad-token', viewer)).status);
      expect(statuses.filter((status) => status === 401)).toHaveLength(20);
      expect(statuses.filter((status) => status === 429)).toHaveLength(5);
      expect((await own.ask(token, viewer)).status).toBe(200);
      const { events } = await own.engine.ctx.db
        .selectFrom('audit_event')
        .select(({ fn }) => fn.countAll<number>().as('events'))
        .where('action', '=', 'authenticate')
        .executeTakeFirstOrThrow();
      expect(events).toBe(20);
    } finally {
      await own.close();
    }
  });
});

describe('the bootstrap', () => {
  const owner = { owner: 'boot', role: 'OPERATOR', token: 'a-token-of-16-or-more' } as const;

  it('makes people and tokens once, also when several processes start at the same time', async () => {
    const { db } = api.engine.ctx;
    await Promise.all(Array.from({ length: 5 }, () => ensureBootstrapTokens(db, [owner])));
    await ensureBootstrapTokens(db, [owner]);
    const people = await db.selectFrom('person').selectAll().where('name', '=', 'boot').execute();
    const tokens = await db
      .selectFrom('api_token')
      .selectAll()
      .where('person_id', '=', people[0]?.id ?? '')
      .execute();
    expect([people.length, tokens.length]).toEqual([1, 1]);
    expect((await api.ask(owner.token, viewer)).data?.viewer).toMatchObject({
      name: 'boot',
      bindings: [{ role: 'OPERATOR' }],
    });
    expect(await hasUsableToken(db)).toBe(true);
  });

  it('leaves what was taken away where it is', async () => {
    const { db } = api.engine.ctx;
    const token = { owner: 'boot-revoked', role: 'ADMIN', token: 'another-token-of-16' } as const;
    await ensureBootstrapTokens(db, [token]);
    const kept = await db
      .selectFrom('api_token')
      .selectAll()
      .where('token_hash', '=', hashToken(token.token))
      .executeTakeFirstOrThrow();
    await revokeToken(db, kept.id, by);
    await db.deleteFrom('role_binding').where('person_id', '=', kept.person_id).execute();
    await ensureBootstrapTokens(db, [token]);
    expect((await api.ask(token.token, viewer)).status).toBe(401);
    expect((await findActorByPersonId(db, kept.person_id, 'API'))?.bindings).toEqual([]);
  });

  it('refuses one token for two people', async () => {
    const { db } = api.engine.ctx;
    await expect(ensureBootstrapTokens(db, [owner, { ...owner, owner: 'thief' }])).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await db.selectFrom('person').selectAll().where('name', '=', 'thief').execute()).toEqual([]);
  });
});

describe('without authentication', () => {
  it('everybody acts as the one who is named, and a wrong token is still refused', async () => {
    const anonymous = { id: 'per_anonymous', name: 'anonymous', via: 'API', bindings: [as.admin] } as const;
    const open = await startApi({}, { anonymous });
    try {
      expect((await open.ask(null, viewer)).data?.viewer).toMatchObject({ name: 'anonymous' });
      expect((await open.ask('wrong-token', viewer)).status).toBe(401);
    } finally {
      await open.close();
    }
  });
});
