import { request } from 'node:http';
import type { Core } from '../core.ts';
import { formOf } from './http-request.ts';
import { slashPayload } from './payloads.ts';
import { sign } from './sign.ts';

/** The ways in which a request can be wrong; `genuine` is the control. */
export const flaws = [
  ...([
    'genuine',
    'wrong-secret',
    'old',
    'future',
    'replayed',
    'missing-headers',
    'altered',
    'charset',
    'huge',
  ] as const),
  ...(['duplicate-fields', 'non-utf8', 'wrong-team', 'wrong-app', 'unknown-command', 'bot-user', 'ssl-check'] as const),
] as const;

export type Flaw = (typeof flaws)[number];

export type Forgery = {
  readonly flaw: Flaw;
  readonly command?: string;
  readonly text?: string;
  readonly user?: string;
};

/** What the app answered; two answers for `replayed`. */
export type ForgedAnswers = readonly { readonly status: number; readonly body: string }[];

/** Sends a slash command that is wrong in exactly one way. */
export async function forge(core: Core, requestUrl: string | null, forgery: Forgery): Promise<ForgedAnswers> {
  if (requestUrl === null) throw new Error('forged requests need a request URL');
  const { flaw } = forgery;
  const body = bodyWith(core, forgery);
  const timestamp = Math.floor(core.clock.now() / 1_000) + shiftSeconds(flaw);
  const secret = flaw === 'wrong-secret' ? 'not-the-secret' : core.signingSecret;
  const type = 'application/x-www-form-urlencoded';
  const headers = {
    'content-type': flaw === 'charset' ? `${type}; charset=utf-8` : type,
    ...(flaw === 'missing-headers'
      ? {}
      : { 'x-slack-request-timestamp': String(timestamp), 'x-slack-signature': sign(secret, timestamp, body) }),
  };
  const sent = flaw === 'altered' ? Buffer.concat([body.subarray(0, -1), Buffer.from('!')]) : body;
  const first = await send(requestUrl, headers, sent);
  return flaw === 'replayed' ? [first, await send(requestUrl, headers, sent)] : [first];
}

function shiftSeconds(flaw: Flaw): number {
  if (flaw === 'old') return -301;
  return flaw === 'future' ? 86_400 : 0;
}

function bodyWith(core: Core, { flaw, command = '/sr', text = 'help', user: name = 'kim' }: Forgery): Buffer {
  const { workspace } = core;
  const user = [...workspace.users.values()].find((each) => each.name === name) ?? workspace.botUser;
  const channel = [...workspace.channels.values()].find((each) => each.members.has(workspace.botUser.id));
  if (channel === undefined) throw new Error('the bot is in no channel');
  const sender = flaw === 'bot-user' ? workspace.botUser : user;
  const payload = { ...slashPayload(core, { user: sender, channel, command, text }), ...changes(flaw) };
  const fields = formOf(payload);
  if (flaw === 'duplicate-fields') fields.append('command', '/other');
  if (flaw === 'huge') fields.set('text', 'x'.repeat(5_000_000));
  const form = Buffer.from(flaw === 'ssl-check' ? 'ssl_check=1' : fields.toString());
  return flaw === 'non-utf8' ? Buffer.concat([form, Buffer.from('&text='), Buffer.from([0xff, 0xfe, 0xfd])]) : form;
}

function changes(flaw: Flaw): Record<string, string> {
  if (flaw === 'wrong-team') return { team_id: 'T0OTHER0000' };
  if (flaw === 'wrong-app') return { api_app_id: 'A0OTHER0000' };
  return flaw === 'unknown-command' ? { command: '/nobody-knows' } : {};
}

function send(url: string, headers: Record<string, string>, body: Buffer): Promise<ForgedAnswers[number]> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': body.length },
    });
    outgoing.setTimeout(5_000, () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
    });
    outgoing.end(body);
  });
}
