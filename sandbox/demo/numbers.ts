import type { SeenMessage } from '../slack/hands/seen.ts';
import { expectEqual, said, slackOf, type Tour } from './parts.ts';
import { type Told, Wrong } from './teller.ts';

/** What the chapters about numbers hand on. */
export type NumbersStory = { fault: string; alert: string; card: SeenMessage | null };

export function numbersStory(): NumbersStory {
  return { fault: '', alert: '', card: null };
}

const share = 0.97;

/** A file system that others filled up, as the backend itself sees it and says on its page of metrics. */
export async function fillDisk(tour: Tour, story: NumbersStory): Promise<Told> {
  const { world, teller } = tour;
  const node = world.node('be3');
  const address = `${node.address}:${node.ports.heartbeat_service_port}`;
  const began = performance.now();
  story.fault = await world.faults.add({ kind: 'disk-crowded', share, ...node.faultPlace });
  teller.now('the disk of be3 fills up');
  const lee = slackOf(world).person('lee');
  const card = await lee.waitForMessage({
    channel: '#ops-alerts',
    where: (message) => said(message).includes(address) && /nearly full/i.test(said(message)),
    timeoutMs: 60_000,
  });
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const [, name] = /\b(A-\d+)\b/.exec(card.text) ?? [];
  if (name === undefined) throw new Wrong(`The message names no alert: ${card.text}`);
  story.alert = name;
  story.card = card;
  const number = said(card)
    .split('\n')
    .find((line) => line.includes('97 %'));
  if (number === undefined) throw new Wrong(`97 % stands nowhere on the message: ${said(card)}`);
  return { did: `#ops-alerts showed it after ${seconds} s`, checked: [`"${card.text}"`, `"${number.slice(0, 200)}"`] };
}

/** What an engineer types next: why, how the number went, and how far all others are from their thresholds. */
export async function askAboutAlert(tour: Tour, { alert }: NumbersStory): Promise<Told> {
  const why = await answerTo(tour, `/sr why ${alert}`, (text) => text.includes(alert));
  const rules = await answerTo(tour, '/sr rules demo', (text) => text.includes('disk_nearly_full'));
  const quiet = rules.find((line) => line.includes('disk_filling') || line.includes('log_disk_filling'));
  if (quiet === undefined) throw new Wrong(`/sr rules has no rule about logs: ${rules.join('\n')}`);
  return {
    did: `Kim typed /sr why ${alert} and /sr rules demo`,
    listed: why.slice(1, 8).map((line) => line.slice(0, 200)),
    checked: [`a rule, with its value now: "${quiet.slice(0, 200)}"`],
  };
}

/** Makes room, and looks whether the message that told of it says so. */
export async function makeRoom(tour: Tour, story: NumbersStory): Promise<Told> {
  const { world, teller } = tour;
  const lee = slackOf(world).person('lee');
  const status = async () => (await answerTo(tour, '/sr status demo', (text) => text.includes('demo')))[0] ?? '';
  const before = await status();
  await world.faults.remove(story.fault);
  teller.now('there is room again');
  const resolved = await lee.waitForMessage({
    channel: '#ops-alerts',
    where: (message) => message.ts === story.card?.ts && /resolved/i.test(said(message)),
    timeoutMs: 60_000,
  });
  const after = await status();
  const open = await answerTo(tour, '/sr alerts demo', (text) => /alert/i.test(text));
  return {
    did: 'the same message says that it is over',
    checked: [
      `"${resolved.text}"`,
      `/sr status while it was full: "${before.slice(0, 200)}"`,
      `and now: "${after.slice(0, 200)}"`,
    ],
    listed: open.slice(0, 6).map((line) => line.slice(0, 200)),
  };
}

async function answerTo({ world }: Tour, command: string, isAnswer: (text: string) => boolean): Promise<string[]> {
  const kim = slackOf(world).person('kim');
  const before = new Set(kim.sees('#sr-demo').map(({ ts }) => ts));
  const typed = await kim.slash(command, { channel: '#sr-demo' });
  expectEqual(typed.outcome, 'ok', `what Kim sees after ${command}`);
  const answer = await kim.waitForMessage({
    channel: '#sr-demo',
    where: (message) => message.isEphemeral && !before.has(message.ts) && isAnswer(said(message)),
    timeoutMs: 20_000,
  });
  return [...new Set(said(answer).split('\n'))].filter((line) => line.trim() !== '');
}
