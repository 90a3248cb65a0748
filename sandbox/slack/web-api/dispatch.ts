import type { IncomingHttpHeaders } from 'node:http';
import type { Core } from '../core.ts';
import type { Json, JsonObject } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import type { Token } from '../tokens.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { authenticate } from './authenticate.ts';
import type { Method } from './method.ts';
import { methods } from './methods/index.ts';
import { formFields, type ParsedBody, parseBody } from './request-body.ts';

export type ApiRequest = {
  readonly verb: string;
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

export type ApiAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
};

/** Reads what a request asks for without running it, so that faults and rates can look at its channel. */
export async function readRequest(request: ApiRequest): Promise<ParsedBody | SlackError> {
  try {
    if (request.verb !== 'GET') return await parseBody(request.headers['content-type'] ?? '', request.body);
    return { fields: formFields(request.query), warnings: [], isForm: true };
  } catch (error) {
    if (error instanceof SlackError) return error;
    throw error;
  }
}

/** Runs one Web API call and logs it. Never throws for what Slack answers as an error. */
export async function dispatch(core: Core, request: ApiRequest, body: ParsedBody | SlackError): Promise<ApiAnswer> {
  const state: { token: Token | null; args: JsonObject; warnings: string[] } = {
    token: null,
    args: body instanceof SlackError ? {} : withoutToken(body.fields),
    warnings: [],
  };
  let answer: ApiAnswer;
  try {
    if (body instanceof SlackError) throw body;
    state.warnings.push(...body.warnings);
    const method = methods.get(request.method);
    if (method === undefined) throw new SlackError('unknown_method', [], { req_method: request.method });
    if (request.verb !== 'POST' && !(request.verb === 'GET' && method.isRead === true)) {
      throw new SlackError('invalid_post_type');
    }
    state.token = authenticate(core, method, { headers: request.headers, fields: body.fields, query: request.query });
    const wait = core.rates.take({ method: method.name, tier: method.tier, channel: channelOf(body) });
    answer = wait === null ? await run(core, method, body, state) : rateLimited(wait);
  } catch (error) {
    if (!(error instanceof SlackError)) throw error;
    answer = { status: 200, headers: {}, body: errorBody(error) };
  }
  const error = typeof answer.body.error === 'string' ? answer.body.error : null;
  core.calls.add({
    time: new Date(core.clock.now()).toISOString(),
    method: request.method,
    args: state.args,
    ok: error === null,
    error,
  });
  return finish(core, answer, state);
}

type State = { token: Token | null; args: JsonObject; warnings: string[] };

async function run(core: Core, method: Method, body: ParsedBody, state: State): Promise<ApiAnswer> {
  const token = state.token;
  if (token === null) throw new SlackError('not_authed');
  const args: Arguments = readArguments(body, {
    table: method.args,
    required: method.required ?? [],
    strict: core.settings.strict,
  });
  state.args = args.all;
  const result = await method.run(args, { core, token, warn: (warning) => state.warnings.push(warning) });
  return { status: 200, headers: {}, body: { ok: true, ...result } };
}

function rateLimited(wait: number): ApiAnswer {
  return { status: 429, headers: { 'retry-after': String(wait) }, body: { ok: false, error: 'ratelimited' } };
}

function errorBody(error: SlackError): JsonObject {
  const details: Record<string, Json> = {};
  if (error.details.length > 0) {
    details.errors = error.details;
    details.response_metadata = { messages: error.details.map((detail) => `[ERROR] ${detail}`) };
  }
  return { ok: false, error: error.code, ...details, ...error.extra };
}

function finish(core: Core, answer: ApiAnswer, { token, warnings }: State): ApiAnswer {
  const metadata = answer.body.response_metadata;
  const withWarnings: JsonObject =
    warnings.length === 0
      ? answer.body
      : {
          ...answer.body,
          warning: warnings.join(','),
          response_metadata: { ...(typeof metadata === 'object' ? metadata : {}), warnings },
        };
  return {
    status: answer.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-slack-req-id': core.ids.secret(''),
      ...(token === null ? {} : { 'x-oauth-scopes': [...token.scopes].join(',') }),
      ...answer.headers,
    },
    body: withWarnings,
  };
}

export function channelOf(body: ParsedBody | SlackError): string | null {
  return body instanceof SlackError || typeof body.fields.channel !== 'string' ? null : body.fields.channel;
}

/** A call that a fault kept from running is still a call that was made. */
export function logRefused(core: Core, request: ApiRequest, body: ParsedBody | SlackError, error: string): void {
  const args = body instanceof SlackError ? {} : withoutToken(body.fields);
  core.calls.add({ time: new Date(core.clock.now()).toISOString(), method: request.method, args, ok: false, error });
}

/** Arguments as they came, for a call that was refused before they could be read; the token never reaches the log. */
function withoutToken({ token: _, ...rest }: Readonly<Record<string, Json>>): JsonObject {
  return rest;
}
