import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slack, startSlack } from '../../../sandbox/slack/start.ts';
import { call, chars, plain } from './helpers.ts';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
let slack: Slack;
beforeAll(async () => {
  slack = await startSlack({ socketMode: true, settings: { rates: 'off', processMs: 60_000 } });
});
afterAll(() => slack.stop());

/** Uploads a file that is shared with nobody; Slack has not looked at it yet. */
async function upload(bytes: Buffer, filename = 'chart.png'): Promise<string> {
  const { body } = await call(slack, 'files.getUploadURLExternal', { filename, length: bytes.length });
  await fetch(String(body.upload_url), { method: 'POST', body: new Uint8Array(bytes) });
  const done = await call(slack, 'files.completeUploadExternal', { files: [{ id: body.file_id, title: 'P95' }] });
  expect(done.body.ok).toBe(true);
  return String(body.file_id);
}

const image = (id: string, more: object = {}) => ({ type: 'image', alt_text: 'P95 rose', slack_file: { id }, ...more });
const posting = (blocks: readonly object[], method = 'chat.postMessage', more: object = {}) =>
  call(slack, method, { channel: slack.channelId('ops-alerts'), text: 'P95', blocks, ...more });
const notUsable = { error: 'invalid_blocks', errors: ['invalid slack file [json-pointer:/blocks/0/slack_file]'] };

describe('a picture in a message', () => {
  it('can be shown once Slack has looked at it, which its type tells, and is then on the page', async () => {
    const id = await upload(png);
    expect((await call(slack, 'files.info', { file: id })).body.file).toMatchObject({ mimetype: '', channels: [] });
    expect((await posting([image(id)])).body).toMatchObject(notUsable);
    slack.ctl.clock.advance(60_000);
    expect((await call(slack, 'files.info', { file: id })).body.file).toMatchObject({ mimetype: 'image/png' });
    expect((await posting([image(id, { title: plain('P95 <of> fe') })])).body.ok).toBe(true);
    const seen = await slack.person('kim').waitForMessage({ channel: '#ops-alerts', text: '[image: P95 rose]' });
    expect(seen.text).toBe('P95');
    const page = await (await fetch(`${slack.url}/?as=kim&channel=ops-alerts`)).text();
    expect(page).toContain(`<img src="/_page/file/${id}" alt="P95 rose">`);
    expect(page).toContain('P95 &lt;of&gt; fe');
    const shown = await fetch(`${slack.url}/_page/file/${id}`);
    expect(shown.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await shown.arrayBuffer()).equals(png)).toBe(true);
  });

  it('is a png, jpeg or gif by its bytes, whatever it is called', async () => {
    const id = await upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
    slack.ctl.clock.advance(60_000);
    expect((await posting([image(id)])).body).toMatchObject(notUsable);
    expect((await fetch(`${slack.url}/_page/file/${id}`)).status).toBe(404);
  });

  it('needs a file that is there, and a description of 1 to 2,000 characters', async () => {
    const id = await upload(png);
    slack.ctl.clock.advance(60_000);
    expect((await posting([image('F0SWNOBODY')])).body).toMatchObject(notUsable);
    const errors = async (block: object) => (await posting([block])).body.errors;
    expect(await errors(image('chart.png'))).toEqual([expect.stringContaining('must match regex pattern')]);
    expect(await errors({ type: 'image', slack_file: { id } })).toEqual([expect.stringContaining('alt_text')]);
    expect(await errors(image(id, { alt_text: '' }))).toEqual([expect.stringContaining('more than 0')]);
    expect(await errors(image(id, { alt_text: chars(2_001) }))).toEqual([expect.stringContaining('2001')]);
    expect((await posting([image(id, { alt_text: chars(2_000) })])).body.ok).toBe(true);
    const both = { id, url: 'https://files.slack.com/a.png' };
    expect(await errors({ type: 'image', alt_text: 'a', slack_file: both })).toEqual([
      expect.stringContaining('either id or url'),
    ]);
  });

  it('cannot be seen in a message for one person: Slack takes it, and a test hears of it', async () => {
    const id = await upload(png);
    slack.ctl.clock.advance(60_000);
    const kim = slack.person('kim').user.id;
    expect((await posting([image(id)], 'chat.postEphemeral', { user: kim })).body.ok).toBe(true);
    expect(slack.ctl.complaints()).toEqual([expect.stringContaining('its reader has no access')]);
  });
});
