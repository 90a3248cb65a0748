import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Wrong } from './teller.ts';

const answer = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});
const userError = z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() });
const run = z.object({
  id: z.string(),
  number: z.number(),
  state: z.string(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  progress: z.object({ message: z.string() }).nullable(),
  postCheck: z
    .object({
      passed: z.boolean(),
      checks: z.array(z.object({ name: z.string(), status: z.string(), severity: z.string(), observed: z.string() })),
    })
    .nullable(),
});
const payload = z.object({
  run: run.nullable(),
  plan: z.object({ summary: z.string(), hash: z.string(), steps: z.array(z.object({ title: z.string() })) }).nullable(),
  userErrors: z.array(userError),
});

export type Run = z.infer<typeof run>;
export type Payload = z.infer<typeof payload>;

const runFields =
  'id number state failure { code message } progress { message } postCheck { passed checks { name status severity observed } }';

/** Starwarden's API as an internal tool would use it: one token, plain HTTP. */
export type Api = {
  query<T>(shape: z.ZodType<T>, text: string, variables?: object): Promise<T>;
  /** Asks for an operation. User errors come back as they are. */
  ask(operation: string, input: object, options?: object): Promise<Payload>;
  /** Asks for an operation and waits for its end, which has to be `SUCCEEDED`. */
  carryOut(operation: string, input: object, onProgress?: (message: string) => void): Promise<Run>;
  /** Waits for a run to end. */
  ending(id: string, onProgress?: (message: string) => void): Promise<Run>;
};

export function createApi({ url, token }: { url: string; token: string }): Api {
  const send = async (text: string, variables: object): Promise<Record<string, unknown>> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: text, variables }),
      signal: AbortSignal.timeout(40_000),
    });
    const { data, errors } = answer.parse(await response.json());
    if (errors !== undefined || data == null)
      throw new Wrong(`The API answered: ${errors?.map((error) => error.message).join('; ')}`);
    return data;
  };
  const api: Api = {
    query: async (shape, text, variables = {}) => shape.parse(await send(text, variables)),
    ask: async (operation, input, options = {}) => {
      const type = `${operation[0]?.toUpperCase()}${operation.slice(1)}Input`;
      const text = `mutation Ask($input: ${type}!, $options: RunOptions) {
        payload: ${operation}(input: $input, options: $options) {
          run { ${runFields} } plan { summary hash steps { title } } userErrors { code message hint }
        }
      }`;
      return payload.parse((await send(text, { input, options })).payload);
    },
    carryOut: async (operation, input, onProgress) => {
      const { run: asked, userErrors } = await api.ask(operation, input);
      if (asked === null)
        throw new Wrong(
          `${operation} was refused: ${userErrors.map(({ code, message }) => `${code} ${message}`).join('; ')}`,
        );
      const ended = await api.ending(asked.id, onProgress);
      if (ended.state !== 'SUCCEEDED')
        throw new Wrong(`${operation} ended as ${ended.state}: ${ended.failure?.message ?? ''}`);
      return ended;
    },
    ending: async (id, onProgress = () => {}) => {
      const shape = z.object({ run });
      for (const limit = Date.now() + 240_000; ; await sleep(200)) {
        const { run: now } = await api.query(shape, `query Run($id: ID!) { run(id: $id) { ${runFields} } }`, { id });
        if (terminal.has(now.state)) return now;
        if (Date.now() > limit)
          throw new Wrong(`R-${now.number} is still ${now.state}: ${now.progress?.message ?? ''}`);
        onProgress(`R-${now.number} ${now.state}: ${now.progress?.message ?? ''}`);
      }
    },
  };
  return api;
}

const terminal = new Set(['SUCCEEDED', 'FAILED', 'CANCELED', 'UNDONE', 'REJECTED', 'EXPIRED', 'INTERRUPTED']);
