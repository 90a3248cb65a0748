/**
 * Makes the pictures of alert messages in `docs/monitoring/pictures/` anew, or in the directory that is named. The messages are those that
 * the bot makes, of invented alerts, posted to the stand-in for Slack; Chromium takes the picture of its page. Look at what it made
 * before it is committed.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WebClient } from '@slack/web-api';
import { createClock } from '../sandbox/slack/clock.ts';
import { startSlack } from '../sandbox/slack/start.ts';
import { cardExamples } from './pictures/examples.ts';

const into = process.argv[2] ?? new URL('../docs/monitoring/pictures/', import.meta.url).pathname;
const width = 900;
/** The message alone: what is around it in Slack is no part of it. */
const alone = `<style>
  nav, h1, #composer { display: none !important }
  body, main, main * { height: auto; max-height: none; overflow: visible }
  body, main { display: block }
</style>`;

const scratch = await mkdtemp(join(tmpdir(), 'card-pictures-'));
const clock = createClock();
const slack = await startSlack({ clock, socketMode: true, settings: { rates: 'off' } });
try {
  const client = new WebClient(slack.botToken, { slackApiUrl: slack.apiUrl });
  const channel = slack.channelId('ops-alerts');
  const kim = slack.person('kim').user.id;
  for (const { name, height, sentAt, message } of cardExamples({ channel, kim })) {
    clock.jump(sentAt.getTime() + 2_000 - clock.now());
    const posted = await client.chat.postMessage({ channel, ...message });
    const page = await (await fetch(`${slack.url}/?as=kim&channel=${channel}`)).text();
    const html = page
      .replaceAll(/<script[^>]*><\/script>/g, '')
      .replace('<head>', `<head><base href="${slack.url}/">`)
      .replace('</head>', `${alone}</head>`);
    const file = join(scratch, `${name}.html`);
    await writeFile(file, html);
    await promisify(execFile)('chromium', [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${scratch}/profile`],
      ...[`--window-size=${width},${height}`, `--screenshot=${join(into, `${name}.png`)}`, `file://${file}`],
    ]);
    await client.chat.delete({ channel, ts: posted.ts ?? '' });
    console.log(`${name}.png`);
  }
} finally {
  await slack.stop();
  await rm(scratch, { recursive: true, force: true });
}
