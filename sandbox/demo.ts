/**
 * `npm run demo`: a small world, a tour of it, then everything stays up for whoever wants to go on by hand.
 * `npm run demo -- --tour`: the same without a terminal; it ends by itself, with exit code 0 when every fact was as told.
 */
import { readFile } from 'node:fs/promises';
import process, { argv, stderr, stdout } from 'node:process';
import { parseArgs } from 'node:util';
import { createTeller, Wrong } from './demo/teller.ts';
import { giveTour } from './demo/tour.ts';
import { untilInterrupted } from './interruption.ts';
import { openControl } from './world/control.ts';
import { controlFileIn } from './world/control-file.ts';
import { summarise } from './world/describe.ts';
import { startWorld, type World } from './world/start-world.ts';

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    tour: { type: 'boolean', default: false },
    speed: { type: 'string' },
    version: { type: 'string', default: '3.3.15' },
  },
});

/** A tour that nobody watches need not be slow enough to be followed. */
const speed = values.speed ?? (values.tour ? '10' : '5');

const interrupted = untilInterrupted();

try {
  process.exitCode = await run();
} catch (error) {
  if (!interrupted.signal.aborted) {
    stderr.write(
      `\n${error instanceof Error ? (error instanceof Wrong ? error.message : (error.stack ?? error.message)) : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}

async function run(): Promise<number> {
  const teller = createTeller();
  teller.heading('Starwarden, and a small world for it');
  let world: World | null = null;
  try {
    await teller.chapter('Bring the world up', async () => {
      world = await startWorld({
        speed: Number(speed),
        version: values.version,
        // What the cluster grows onto.
        spareHosts: 2,
        // Neighbouring lines of 3.x understand each other; without this, the stand-in is stricter on the way back down.
        conf: { fe: { sandbox_forwarding: 'lenient' } },
        signal: interrupted.signal,
        onProgress: teller.now,
      });
      return {
        did: summarise(world.describe()),
        checked: [
          `time passes ${speed} times as fast as in a real cluster`,
          'MariaDB, Redis, OpenSSH, 6 StarRocks stand-ins, a Slack stand-in and Starwarden are processes of their own',
        ],
      };
    });
    if (world === null) return 1;
    await giveTour(world, teller);
    stdout.write(`\n${teller.summary()}\n`);
    if (!values.tour) await stayUp(world);
    return 0;
  } catch (error) {
    if (world !== null) stderr.write(await lastWords(world));
    throw error;
  } finally {
    await stop(world);
  }
}

async function stop(world: World | null): Promise<void> {
  if (world === null) return;
  await world.stop();
  stdout.write('Everything is stopped; no process is left.\n');
}

async function stayUp(world: World): Promise<void> {
  const control = await openControl(world, [controlFileIn(world.dir), controlFileIn(null)]);
  stdout.write(`${howToGoOn(world)}\n`);
  await interrupted.promise;
  await control.close();
}

function howToGoOn(world: World): string {
  const { graphqlUrl, token, slack, cluster } = world.describe();
  const [frontend] = cluster.frontends;
  return `
The world stays up until Ctrl-C. To go on by hand:

  Slack, in a browser          ${slack?.url}
      choose Kim, go to #sr-demo, type /sr help
  GraphQL                      ${graphqlUrl}
      Authorization: Bearer ${token}
  SQL                          mysql -h ${frontend?.host} -P ${frontend?.queryPort} -u root
  Break something              npm run sandbox -- kill be3      (then look at #ops-alerts)
                               npm run sandbox -- refuse-ssh be1
                               npm run sandbox -- status`;
}

/** The end of Starwarden's log, for whoever has to find out what went wrong. */
async function lastWords(world: World): Promise<string> {
  const file = world.starwarden?.logFile;
  if (file === undefined) return '';
  const text = await readFile(file, 'utf8').catch(() => '');
  return `\nThe end of Starwarden's log:\n${text.trimEnd().split('\n').slice(-15).join('\n')}\n`;
}
