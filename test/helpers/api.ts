import { z } from 'zod';
import { type ApiServer, type ServerOptions, startServer } from '../../src/api/server.ts';
import type { RoleBinding } from '../../src/domain/access.ts';
import { addPerson, bindRole, createToken } from '../../src/store/access/people.ts';
import { type Engine, startEngine, systemActor } from './engine.ts';

const answerShape = z.object({
  data: z.record(z.string(), z.json()).nullish(),
  errors: z.array(z.object({ message: z.string(), extensions: z.record(z.string(), z.json()).optional() })).optional(),
  extensions: z.record(z.string(), z.json()).optional(),
});

export type Answer = z.infer<typeof answerShape> & { status: number; headers: Headers; text: string };

export type Api = {
  engine: Engine;
  server: ApiServer;
  /** Makes a person with these roles and answers a token for them. */
  login(name: string, ...bindings: RoleBinding[]): Promise<string>;
  /** Sends one GraphQL request. */
  ask(
    token: string | null,
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  close(): Promise<void>;
};

export const everywhere = { kind: 'all' } as const;

export const as = {
  viewer: { role: 'VIEWER', scope: everywhere },
  operator: { role: 'OPERATOR', scope: everywhere },
  approver: { role: 'APPROVER', scope: everywhere },
  admin: { role: 'ADMIN', scope: everywhere },
} as const satisfies Record<string, RoleBinding>;

/** A Starwarden with its API listening on a free port, on a fresh database. */
export async function startApi(
  engineOptions: Parameters<typeof startEngine>[0] = {},
  serverOptions: Partial<ServerOptions> = {},
): Promise<Api> {
  const engine = await startEngine(engineOptions);
  const server = await startServer(engine.ctx, {
    host: '127.0.0.1',
    port: 0,
    graphql: true,
    anonymous: null,
    requestsPerMinute: 0,
    trustedProxies: 0,
    slackHandler: null,
    ...serverOptions,
  });
  const by = { actor: systemActor, requestId: null };
  return {
    engine,
    server,
    login: async (name, ...bindings) => {
      const person = await addPerson(engine.ctx.db, name, by);
      for (const binding of bindings) await bindRole(engine.ctx.db, person.id, binding, by);
      return (await createToken(engine.ctx.db, { personId: person.id, label: 'test', expiresInMs: 600_000 }, by)).token;
    },
    ask: async (token, query, variables = {}, headers = {}) => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      const text = await response.text();
      return { ...answerShape.parse(JSON.parse(text)), status: response.status, headers: response.headers, text };
    },
    close: async () => {
      await server.stop();
      await engine.close();
    },
  };
}
