/**
 * The Slack stand-in by itself, for a look at its page or for a bot in another process:
 *
 *   npm run slack -- [--port 0] [--request-url http://127.0.0.1:3000/slack/events] [--call-log calls.jsonl]
 *
 * Prints one line of JSON when it listens, and stays until SIGINT or SIGTERM. With a request URL it signs and posts;
 * without one it waits for Socket Mode connections.
 */
import { parseArgs } from 'node:util';
import { type SlackOptions, startSlack } from './start.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'request-url': { type: 'string' },
    'call-log': { type: 'string' },
  },
});

const requestUrl = values['request-url'];
const callLog = values['call-log'];
const options: SlackOptions = {
  port: Number(values.port),
  socketMode: requestUrl === undefined,
  ...(requestUrl === undefined ? {} : { requestUrl }),
  ...(callLog === undefined ? {} : { callLog }),
};

const slack = await startSlack(options);
const { url, apiUrl, botToken, appToken, signingSecret, appId, team } = slack;
console.log(JSON.stringify({ url, apiUrl, botToken, appToken, signingSecret, appId, team }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void slack.stop());
