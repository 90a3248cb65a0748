import { z } from 'zod';

export const usage = `usage: npm run slack:as -- --url URL [--as kim] [--channel '#ops-alerts'] MOVE ...

  slash /sr status demo         types a slash command into the channel
  say TEXT, mention TEXT        writes a message; --thread TS answers in a thread
  click --ts TS ACTION          presses a button on a message (or --view ID; --block ID when needed)
  select --ts TS ACTION VALUE   chooses in a menu (several values for a menu that takes several)
  submit --view ID block=value  fills in a form and sends it
  close --view ID               dismisses a form
  messages, view, home          what this person sees
  clock SECONDS                 moves the stand-in's time forward
  calls, complaints, info       what the app did, what it did wrong, who is there`;

const infoShape = z.object({ channels: z.array(z.object({ id: z.string(), name: z.string() })) });

export type CliValues = {
  readonly as: string;
  readonly channel: string;
  readonly thread?: string | undefined;
  readonly ts?: string | undefined;
  readonly view?: string | undefined;
  readonly block?: string | undefined;
};

export type CliRequest = { readonly verb: 'GET' | 'POST'; readonly path: string; readonly body: unknown };

/** What a command line asks of `/_ctl`. Pure. */
export function cliRequest(line: { values: CliValues; words: readonly string[]; info: unknown }): CliRequest {
  const { values, words } = line;
  const [move = '', ...rest] = words;
  const [first = '', ...others] = rest;
  const channel = channelId(values.channel, line.info);
  const mine = (body: unknown): CliRequest => ({ verb: 'POST', path: `person/${values.as}/${move}`, body });
  const thread = values.thread === undefined ? {} : { thread: values.thread };
  const target = () =>
    values.ts === undefined ? { id: needed(values.view, '--ts or --view') } : { channel, ts: values.ts };
  const options = values.block === undefined ? {} : { blockId: values.block };
  switch (move) {
    case 'slash':
      return mine({ line: rest.join(' '), channel });
    case 'say':
    case 'mention':
      return mine({ text: rest.join(' '), channel, ...thread });
    case 'click':
      return mine({ target: target(), actionId: needed(first, 'the action id'), options });
    case 'select':
      return mine({ target: target(), actionId: first, value: others.length === 1 ? others[0] : others, options });
    case 'submit':
      return mine({ view: { id: needed(values.view, '--view') }, entries: entriesOf(rest) });
    case 'close':
      return mine({ view: { id: needed(values.view, '--view') } });
    case 'messages':
      return mine({ channel });
    case 'view':
    case 'home':
      return mine({});
    case 'clock':
      return { verb: 'POST', path: 'clock/advance', body: { ms: Number(first) * 1_000 } };
    case 'calls':
    case 'complaints':
    case 'info':
      return { verb: 'GET', path: move, body: null };
    default:
      throw new Error(`unknown move ${move}\n${usage}`);
  }
}

function channelId(name: string, info: unknown): string {
  const wanted = name.replace(/^#/, '');
  return infoShape.parse(info).channels.find((each) => each.name === wanted)?.id ?? name;
}

function needed(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new Error(`${what} is missing`);
  return value;
}

/** `block=value`; a value with commas stays one text, several entries of the same block become a list. */
function entriesOf(words: readonly string[]): Record<string, string | string[]> {
  const entries: Record<string, string | string[]> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw new Error(`${word} is not block=value`);
    const [name, value] = [word.slice(0, at), word.slice(at + 1)];
    const before = entries[name];
    entries[name] = before === undefined ? value : [before, value].flat();
  }
  return entries;
}
