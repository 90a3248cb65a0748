/**
 * A person's hands on the command line, against a stand-in that runs already:
 *
 *   npm run slack:as -- --url U --as kim slash --channel '#ops-alerts' /sr status
 *   npm run slack:as -- --url U --as lee click --channel '#ops-alerts' --ts 1763… alert.ack
 *   npm run slack:as -- --url U --as kim submit --view V0SW… note='disk was full'
 *
 * Prints JSON and ends with 1 when the move failed. Without --url it takes the address from SLACK_URL.
 */
import { parseArgs } from 'node:util';
import { cliRequest, usage } from './cli-request.ts';

// What follows the command is what the person types: `/sr restart demo be --dry-run` has options of its own.
const given = process.argv.slice(2);
const typedAt = given.findIndex((word) => word.startsWith('/'));
const [command, ...typedWords] = typedAt === -1 ? [] : given.slice(typedAt);
// The shell took the quotes off: `--reason "bad disk"` is typed with them.
const quoted = typedWords.map((word) => (/\s/.test(word) && !word.includes('"') ? `"${word}"` : word));
const typed = command === undefined ? [] : [command, ...quoted];

const { values, positionals } = parseArgs({
  args: typedAt === -1 ? given : given.slice(0, typedAt),
  allowPositionals: true,
  options: {
    url: { type: 'string', default: process.env.SLACK_URL ?? '' },
    as: { type: 'string', default: 'kim' },
    channel: { type: 'string', default: '#ops-alerts' },
    thread: { type: 'string' },
    ts: { type: 'string' },
    view: { type: 'string' },
    block: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help || values.url === '' || positionals.length === 0) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const info = await (await fetch(new URL('/_ctl/info', values.url))).json();
  const { verb, path, body } = cliRequest({ values, words: [...positionals, ...typed], info });
  const answer = await fetch(new URL(`/_ctl/${path}`, values.url), {
    method: verb,
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  const result: unknown = await answer.json();
  console.log(JSON.stringify(result, null, 2));
  const outcome = typeof result === 'object' && result !== null && 'outcome' in result ? result.outcome : 'ok';
  return answer.ok && outcome === 'ok' ? 0 : 1;
}

process.exitCode = await main();
