import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { SeenMessage } from '../slack/hands/seen.ts';
import { connectSql, type Sql } from '../world/sql.ts';
import type { World } from '../world/start-world.ts';
import type { Api } from './api.ts';
import { type Teller, Wrong } from './teller.ts';

/** Everything a chapter may use. */
export type Tour = { world: World; api: Api; teller: Teller; clusterId: string };

export const nodesShape = z.object({
  cluster: z.object({
    id: z.string(),
    capability: z.string(),
    frontends: z.array(
      z.object({
        id: z.string(),
        address: z.string(),
        port: z.number(),
        alive: z.boolean(),
        role: z.string().nullable(),
      }),
    ),
    backends: z.array(z.object({ id: z.string(), address: z.string(), port: z.number(), alive: z.boolean() })),
  }),
});

export const nodesQuery =
  'query Nodes($name: String!) { cluster(name: $name) { id capability frontends { id address port alive role } backends { id address port alive } } }';

export function slackOf(world: World) {
  if (world.slack === null) throw new Wrong('The world has no Slack');
  return world.slack;
}

export function addressOf(world: World, name: string): string {
  const backend = world.describe().cluster.backends.find((candidate) => candidate.name === name);
  if (backend === undefined) throw new Wrong(`The world has no ${name}`);
  return `${backend.host}:${backend.heartbeatPort}`;
}

/** Everything a message says: its fallback text and what is on the screen. */
export function said(message: SeenMessage): string {
  return [message.text, ...message.lines].join('\n');
}

export function buttonOf(message: SeenMessage, label: RegExp) {
  return message.elements.find((element) => element.type === 'button' && label.test(element.label)) ?? null;
}

export async function rootSql(world: World): Promise<Sql> {
  const [first] = world.describe().cluster.frontends;
  if (first === undefined) throw new Wrong('The world has no frontend');
  return connectSql({ host: first.host, port: first.queryPort, user: 'root', password: '' });
}

export async function until(what: string, timeoutMs: number, isSo: () => Promise<boolean>): Promise<void> {
  for (const limit = Date.now() + timeoutMs; !(await isSo()); await sleep(100)) {
    if (Date.now() > limit) throw new Wrong(`Waited ${timeoutMs / 1_000} s for ${what}`);
  }
}

export function expectEqual<T>(seen: T, wanted: T, what: string): void {
  if (seen !== wanted) throw new Wrong(`${what}: ${String(seen)}, wanted ${String(wanted)}`);
}
