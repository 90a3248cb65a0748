import { z } from 'zod';
import type { Core } from '../core.ts';
import { flaws } from '../deliver/forge.ts';
import type { Hands } from '../hands/hands.ts';
import { parseJson } from '../json.ts';
import type { Route, RoutedRequest } from '../server.ts';
import type { Control } from './control.ts';
import { faultRule } from './fault-rule.ts';
import { useHands } from './hands-route.ts';

export type ControlRoute = { readonly core: Core; readonly control: Control; person(name: string): Hands };

/** `/_ctl/*`: the control and the hands as JSON, for the command line and for tests in other processes. */
export function createControlRoute(parts: ControlRoute): Route {
  return async (request) => {
    if (request.path[0] !== '_ctl') return false;
    const [status, body] = await answer(parts, request);
    request.response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body ?? { ok: true }));
    return true;
  };
}

async function answer(parts: ControlRoute, request: RoutedRequest): Promise<[number, unknown]> {
  try {
    const body = request.body.length === 0 ? {} : parseJson(request.body.toString('utf8'));
    const [, what = '', ...rest] = request.path;
    if (what === 'person') return [200, await useHands(parts.person(rest[0] ?? ''), rest[1] ?? '', body)];
    const found = actions.get(`${request.verb} ${[what, ...rest].join('/')}`);
    if (found === undefined) return [404, { error: 'no such control', controls: [...actions.keys()] }];
    return [200, await found(parts, body)];
  } catch (error) {
    return [400, { error: error instanceof Error ? error.message : String(error) }];
  }
}

type Action = (parts: ControlRoute, body: unknown) => unknown;

const ms = z.object({ ms: z.number() });
const socketCommand = z.object({
  reason: z.enum(['warning', 'refresh_requested', 'link_disabled', 'too_many_websockets']),
});

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['GET info', ({ core }) => infoOf(core)],
  ['GET calls', ({ core }) => core.calls.all],
  ['GET complaints', ({ control }) => ({ complaints: control.complaints(), earlyCalls: control.earlyCalls() })],
  ['GET clock', ({ control }) => ({ now: new Date(control.clock.now()).toISOString() })],
  ['POST clock/advance', ({ control }, body) => control.clock.advance(ms.parse(body).ms)],
  ['POST clock/jump', ({ control }, body) => control.clock.jump(ms.parse(body).ms)],
  ['POST clock/freeze', ({ control }) => control.clock.freeze()],
  ['POST clock/resume', ({ control }) => control.clock.resume()],
  ['POST faults', ({ control }, body) => void control.faults.add(faultRule.parse(body))],
  ['DELETE faults', ({ control }) => control.faults.clear()],
  ['GET sockets', ({ control }) => ({ count: control.sockets.count() })],
  ['POST sockets/disconnect', ({ control }, body) => control.sockets.disconnect(socketCommand.parse(body).reason)],
  ['POST sockets/kill', ({ control }) => control.sockets.kill()],
  ['POST request-url', ({ control }, body) => control.useRequestUrl(z.object({ url: z.url() }).parse(body).url)],
  [
    'POST archive',
    ({ control }, body) => control.setArchived(z.object({ channel: z.string() }).parse(body).channel, true),
  ],
  ['POST forge', ({ control }, body) => control.forge(z.object({ flaw: z.enum(flaws) }).parse(body))],
]);

function infoOf({ workspace, url }: Core): unknown {
  return {
    url,
    team: workspace.team,
    appId: workspace.appId,
    users: [...workspace.users.values()].map(({ id, name, kind, isAdmin }) => ({ id, name, kind, isAdmin })),
    channels: [...workspace.channels.values()].map(({ id, name, kind, isArchived }) => ({
      id,
      name,
      kind,
      isArchived,
    })),
  };
}
