import { z } from 'zod';
import type { SeenMessage } from '../slack/hands/seen.ts';
import { type QueryLoop, startQueryLoop } from '../world/query-loop.ts';
import { buttonOf, expectEqual, said, slackOf, type Tour } from './parts.ts';
import { type Told, Wrong } from './teller.ts';
import { readLeader, readUntouched, readVersions, watchVersions } from './watch-cluster.ts';

/** What the chapters about an upgrade hand on to each other. */
export type UpgradeStory = {
  readonly from: string;
  readonly to: string;
  /** Users that write and read all the time. */
  loop: QueryLoop | null;
  /** The message about the run, whose buttons are pressed. */
  card: SeenMessage | null;
  /** The scheduler's values and the configuration files before anything began. */
  untouched: string;
};

/** From the release of the demo to the next one, and back; both ways are open by StarRocks' own release notes. */
export function upgradeStory(from: string): UpgradeStory {
  const to = nextOf[from];
  if (to === undefined) throw new Wrong(`The tour knows no way to go up from ${from} and back again`);
  return { from, to, loop: null, card: null, untouched: '' };
}

const nextOf: Readonly<Record<string, string>> = { '3.2.16': '3.3.15', '3.3.15': '3.4.6', '3.5.0': '3.5.1' };

const registered = z.object({
  registerRelease: z.object({
    release: z.object({ version: z.string(), sizeBytes: z.number().nullable(), minimumJdk: z.number() }).nullable(),
    userErrors: z.array(z.object({ message: z.string() })),
  }),
});
const registerText = `mutation Register($input: RegisterReleaseInput!) {
  registerRelease(input: $input) { release { version sizeBytes minimumJdk } userErrors { message } }
}`;

export async function registerRelease(tour: Tour, { to }: UpgradeStory): Promise<Told> {
  const { sizeBytes, minimumJdk } = await enterRelease(tour, to);
  return {
    did: `${to} is in the catalogue, by its URL and its SHA-256`,
    checked: [`the archive has ${sizeBytes} bytes, its frontends need JDK ${minimumJdk} or later`],
  };
}

/** Enters a release of the world into the catalogue, by its URL. */
export async function enterRelease({ world, api }: Tour, version: string) {
  const archive = world.describe().releases.find((release) => release.version === version);
  if (archive === undefined) throw new Wrong(`The world has no archive of ${version}`);
  const location = world.archives.urlOf(`StarRocks-${version}.tar.gz`);
  const input = { version, source: { kind: 'URL', location }, sha256: archive.sha256 };
  const { registerRelease: answer } = await api.query(registered, registerText, { input });
  if (answer.release === null) throw new Wrong(`The release was refused: ${answer.userErrors[0]?.message}`);
  expectEqual(answer.release.sizeBytes, archive.sizeBytes, 'size of the archive');
  return answer.release;
}

export async function checkUpgrade({ world, api, clusterId, teller }: Tour, { to }: UpgradeStory): Promise<Told> {
  const before = await readUntouched(world);
  const run = await api.carryOut('checkUpgrade', { clusterId, to }, teller.now);
  const checks = run.postCheck?.checks ?? [];
  const named = checks.map(({ name, status, observed }) => `${signs[status] ?? status}  ${name}: ${observed}`);
  const failed = checks.filter((check) => check.status === 'FAIL' && check.severity === 'BLOCK');
  if (failed.length > 0)
    throw new Wrong(
      `The way to ${to} is not clear: ${failed.map(({ name, observed }) => `${name}: ${observed}`).join('; ')}`,
    );
  expectEqual(await readUntouched(world), before, 'scheduler settings and configuration files');
  const passed = checks.filter((check) => check.status === 'PASS').length;
  return {
    did: `R-${run.number} made ${checks.length} checks, ${passed} passed, none stands in the way`,
    checked: ['scheduler settings and configuration files of all nodes are as before'],
    listed: named,
  };
}

const signs: Readonly<Record<string, string>> = { PASS: '✓', FAIL: '!', SKIPPED: '–' };

export async function upgradeFromSlack(tour: Tour, story: UpgradeStory): Promise<Told> {
  const { world, teller } = tour;
  const { from, to } = story;
  const kim = slackOf(world).person('kim');
  const size = Object.keys((await readVersions(tour)).byNode).length;
  story.untouched = await readUntouched(world);
  const leader = await readLeader(world);
  const alertsBefore = alertsIn(tour);
  story.loop = await startQueryLoop(world);
  // One machine is the whole world here: how busy it is must not pass for a fault of the new release.
  const line = `/sr upgrade demo --to ${to} --soak-seconds 1 --gate-factor 50`;
  const seenBefore = kim.sees('#sr-demo').map(({ ts }) => ts);
  const typed = await kim.slash(line, { channel: '#sr-demo' });
  expectEqual(typed.outcome, 'ok', 'what Kim sees after typing');
  const preview = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) => message.isEphemeral && !seenBefore.includes(message.ts) && !/planning/i.test(said(message)),
    timeoutMs: 60_000,
  });
  const start = buttonOf(preview, /^start/i);
  if (start === null) throw new Wrong(`Kim sees no plan to start, but: ${said(preview)}`);
  const watch = watchVersions(tour, { to, tell: teller.now });
  try {
    await kim.click(preview, start.actionId, { blockId: start.blockId });
    story.card = await waitForCard(tour, /^(succeeded|failed)/i);
  } finally {
    await watch.stop();
  }
  if (!/^succeeded/i.test(story.card.text)) throw new Wrong(`The message ended as: ${said(story.card)}`);
  const { byNode, state } = await readVersions(tour);
  expectEqual(Object.values(byNode).filter((version) => version === to).length, size, `nodes on ${to}`);
  expectEqual(state, 'UNIFORM', 'state of the versions');
  const order = watch.order();
  const kinds = order.map((name) => name.slice(0, 2)).join(' ');
  if (!/^(be )+fe fe fe$/.test(kinds)) throw new Wrong(`The nodes went in this order: ${order.join(', ')}`);
  expectEqual(order.at(-1), leader, 'the last node, which should be the leader');
  if (watch.mixed() === null) throw new Wrong('Starwarden never said that the versions were mixed');
  const queries = expectServed(story.loop.soFar());
  expectEqual(await readUntouched(world), story.untouched, 'scheduler settings and configuration files');
  expectEqual(alertsIn(tour), alertsBefore, 'alerts');
  return {
    did: `Kim typed ${line} and clicked Start; ${size} nodes went from ${from} to ${to}`,
    checked: [
      `first the backends, then the frontends, the leader last: ${order.join(', ')}`,
      `on the way Starwarden said: "${watch.mixed()}"`,
      queries,
      'scheduler settings of all frontends and all configuration files are as before',
      'no alert was raised by the planned restarts',
      `one message, edited ${story.card.edits} times; at the end: "${story.card.text.split('. ')[0]}"`,
    ],
  };
}

export async function undoFromSlack(tour: Tour, story: UpgradeStory): Promise<Told> {
  const { world, teller } = tour;
  const { from, to, card, loop } = story;
  if (card === null || loop === null) throw new Wrong('There is no upgrade to undo');
  const kim = slackOf(world).person('kim');
  const undo = buttonOf(card, /^undo/i);
  if (undo === null) throw new Wrong('The message has no button to undo the run');
  const watch = watchVersions(tour, { to: from, tell: teller.now });
  try {
    await kim.click(card, undo.actionId, { blockId: undo.blockId });
    story.card = await waitForCard(tour, /^(undone|failed)/i);
  } finally {
    await watch.stop();
  }
  if (!/^undone/i.test(story.card.text)) throw new Wrong(`The message ended as: ${said(story.card)}`);
  const { byNode } = await readVersions(tour);
  const elsewhere = Object.entries(byNode).filter(([, version]) => version !== from);
  expectEqual(elsewhere.map(([name]) => name).join(', '), '', `nodes that are not on ${from} again`);
  const order = watch.order();
  if (!/^fe fe fe( be)+$/.test(order.map((name) => name.slice(0, 2)).join(' ')))
    throw new Wrong(`The nodes went back in this order: ${order.join(', ')}`);
  const report = await loop.stop();
  const queries = expectServed(report);
  expectEqual(report.rowsFound, report.confirmedRows, 'rows that were confirmed to the users');
  expectEqual(report.centsFound, report.confirmedCents, 'their sum');
  expectEqual(await readUntouched(world), story.untouched, 'scheduler settings and configuration files');
  return {
    did: `Kim clicked Undo; every node went from ${to} back to ${from}`,
    checked: [
      `frontends first, the leader last of them, then the backends: ${order.join(', ')}`,
      `${report.rowsFound} rows were written during all this, and every one of them is there once`,
      `there and back: ${queries}`,
      'scheduler settings of all frontends and all configuration files are as before',
    ],
  };
}

/** Most of the users noticed nothing, and nobody was told what is not so. */
function expectServed({ queries, failed, longestGapMs }: Counts): string {
  const wrong = failed.filter(({ code }) => code === 'WRONG_ANSWER');
  expectEqual(wrong.length, 0, `wrong answers, the first "${wrong[0]?.message}"`);
  if (failed.length > queries * mostFailed)
    throw new Wrong(`${failed.length} of ${queries} queries failed, the last with: ${failed.at(-1)?.message}`);
  const meanwhile = failed.filter(({ nodesDown }) => nodesDown.length > 0).length;
  return `${queries} queries, ${failed.length} failed (${meanwhile} while a node was away), none had a wrong answer; at most ${(longestGapMs / 1_000).toFixed(1)} s without one`;
}

/** What a frontend that restarts takes with it; on a machine that has nothing else to do it is next to nothing. */
const mostFailed = 0.05;

type Counts = ReturnType<QueryLoop['soFar']>;

async function waitForCard({ world }: Tour, ended: RegExp): Promise<SeenMessage> {
  return slackOf(world)
    .person('kim')
    .waitForMessage({
      channel: '#sr-demo',
      where: (message) =>
        !message.isEphemeral &&
        message.threadTs === null &&
        message.text.includes('Upgrade a cluster') &&
        ended.test(message.text),
      timeoutMs: 240_000,
    });
}

function alertsIn({ world }: Tour): number {
  return slackOf(world).person('lee').sees('#ops-alerts').length;
}
