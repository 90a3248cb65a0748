import { z } from 'zod';
import type { Hands } from '../hands/hands.ts';

const channel = z.object({ channel: z.string() });
const target = z.union([z.object({ channel: z.string(), ts: z.string() }), z.object({ id: z.string() })]);
const options = z
  .object({
    blockId: z.string().exactOptional(),
    times: z.int().min(1).max(10).exactOptional(),
    evenIfGone: z.boolean().exactOptional(),
    confirm: z.boolean().exactOptional(),
  })
  .default({});
const entry = z.union([z.string(), z.number(), z.array(z.string()), z.null()]);
const click = z.object({ target, actionId: z.string(), options });
const written = z.object({ text: z.string(), channel: z.string(), thread: z.string().exactOptional() });
const view = z.object({ view: z.object({ id: z.string() }), entries: z.record(z.string(), entry).default({}) });

type Move = (hands: Hands, body: unknown) => unknown;

const moves: ReadonlyMap<string, Move> = new Map<string, Move>([
  ['slash', (hands, body) => hands.slash(z.object({ line: z.string() }).parse(body).line, channel.parse(body))],
  [
    'click',
    (hands, body) => {
      const request = click.parse(body);
      return hands.click(request.target, request.actionId, request.options);
    },
  ],
  [
    'select',
    (hands, body) => {
      const request = click.extend({ value: entry }).parse(body);
      return hands.select(request.target, request.actionId, request.value, request.options);
    },
  ],
  [
    'suggestions',
    (hands, body) => {
      const request = click.extend({ query: z.string().default('') }).parse(body);
      return hands.suggestions(request.target, request.actionId, request.query);
    },
  ],
  [
    'submit',
    (hands, body) => {
      const request = view.parse(body);
      return hands.submit(request.view, request.entries);
    },
  ],
  ['close', (hands, body) => hands.closeView(view.parse(body).view)],
  ['home', async (hands) => ({ ...(await hands.openHome()), home: hands.home() })],
  ['mention', (hands, body) => hands.mention(written.parse(body).text, written.parse(body))],
  ['say', (hands, body) => hands.say(written.parse(body).text, written.parse(body))],
  ['messages', (hands, body) => hands.sees(channel.parse(body).channel)],
  ['view', (hands) => ({ view: hands.view() })],
  ['reload', (hands) => hands.reload()],
]);

/** One move of a person, by name, with its arguments as JSON. */
export async function useHands(hands: Hands, name: string, body: unknown): Promise<unknown> {
  const move = moves.get(name);
  if (move === undefined) throw new Error(`${name} is none of: ${[...moves.keys()].join(', ')}`);
  return move(hands, body);
}
