import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core } from '../core.ts';
import type { Effect } from '../faults.ts';
import { type ApiAnswer, type ApiRequest, channelOf, dispatch, logRefused, readRequest } from './dispatch.ts';

/** Serves `/api/<method>`, with whatever fault is due on this call. */
export async function handleApi(core: Core, request: ApiRequest, raw: IncomingMessage, response: ServerResponse) {
  const body = await readRequest(request);
  const effects = core.faults.take({ method: request.method, channel: channelOf(body) });
  for (const effect of effects) {
    if (!(await actBefore(core, effect, raw, response))) continue;
    logRefused(core, request, body, `fault:${effect.kind}`);
    return;
  }
  const answer = await dispatch(core, request, body);
  for (const effect of effects) if (await actAfter(core, { effect, answer, raw, response })) return;
  const warnings = effects.flatMap((effect) => (effect.kind === 'warnings' ? effect.warnings : []));
  const answerBody =
    warnings.length === 0
      ? answer.body
      : { ...answer.body, warning: warnings.join(','), response_metadata: { warnings } };
  response.writeHead(answer.status, answer.headers).end(JSON.stringify(answerBody));
}

/** True when the request has had all the answer it will get. */
async function actBefore(core: Core, effect: Effect, raw: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const json = { 'content-type': 'application/json; charset=utf-8' };
  switch (effect.kind) {
    case 'dropped':
      raw.socket.destroy();
      return true;
    case 'delay':
      await new Promise<void>((done) => core.clock.after(effect.ms, done));
      return false;
    case 'status':
      response.writeHead(effect.status, { 'content-type': 'text/plain' }).end('upstream connect error');
      return true;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Just a moment…</body></html>');
      return true;
    case 'redirect':
      response.writeHead(302, { location: effect.location }).end();
      return true;
    case 'rateLimited': {
      const wait = effect.retryAfter === null ? {} : { 'retry-after': String(effect.retryAfter) };
      response.writeHead(429, { ...json, ...wait }).end(JSON.stringify({ ok: false, error: 'ratelimited' }));
      return true;
    }
    case 'error':
      response.writeHead(200, json).end(JSON.stringify({ ok: false, error: effect.error }));
      return true;
    case 'clockJump':
      core.clock.jump(effect.ms);
      return false;
    case 'tokenRevoked':
      core.tokens.bot.state = 'revoked';
      return false;
    case 'channelArchived': {
      const channel = core.workspace.channels.get(effect.channel);
      if (channel !== undefined) channel.isArchived = true;
      return false;
    }
    case 'lostAnswer':
    case 'lateAnswer':
    case 'truncated':
    case 'warnings':
      return false;
    default:
      throw effect satisfies never;
  }
}

type Answering = { effect: Effect; answer: ApiAnswer; raw: IncomingMessage; response: ServerResponse };

/** True when the request has had all the answer it will get. */
async function actAfter(core: Core, { effect, answer, raw, response }: Answering): Promise<boolean> {
  if (effect.kind === 'lateAnswer') await new Promise<void>((done) => core.clock.after(effect.ms, done));
  if (effect.kind === 'lostAnswer') {
    raw.socket.destroy();
    return true;
  }
  if (effect.kind === 'truncated') {
    const text = JSON.stringify(answer.body);
    response.writeHead(answer.status, answer.headers).end(text.slice(0, Math.floor(text.length / 2)));
    return true;
  }
  return false;
}
