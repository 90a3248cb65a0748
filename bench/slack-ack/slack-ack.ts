import { setTimeout as sleep } from 'node:timers/promises';
import type { Slack } from '../../sandbox/slack/start.ts';
import { openDatabase } from '../../src/store/database.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { addFleet } from '../lib/fleet.ts';
import { slackEnvironment, startStandIn } from '../lib/slack.ts';
import { startStarwarden, tokenOwner } from '../lib/starwarden.ts';
import { percentile } from '../lib/statistics.ts';

const person = 'ana';
const channel = '#ops-alerts';
const answerMs = 30_000;

export const slackAck = defineBenchmark({
  name: 'slack-ack',
  summary: 'From the delivery of a slash command to its acknowledgement, by the clock of the Slack stand-in.',
  full: { clusters: 100, concurrent: 100, waves: 10 },
  quick: { clusters: 3, concurrent: 5, waves: 1 },
  measure: async (bench, { clusters, concurrent, waves }) => {
    const slack = await startStandIn();
    const env = slackEnvironment(slack, { person, owner: tokenOwner });
    const starwarden = await startStarwarden(bench, { parts: 'api,worker,bot', env });
    try {
      const db = openDatabase({ url: bench.databaseUrl });
      await addFleet(db, { from: 0, to: clusters });
      await db.destroy();
      await slack.ctl.sockets.connected();

      // One of each kind: reads of the whole fleet, of one thing, and what is refused.
      const commands = ['/sr status', '/sr clusters', '/sr runs', '/sr alerts', '/sr help', '/sr nonsense'];
      const wave = () =>
        Promise.all(
          Array.from({ length: concurrent }, async (_, index) => {
            const command = commands[index % commands.length] ?? '';
            const { outcome, ms, text } = await slack.person(person).slash(command, { channel });
            if (outcome !== 'ok') throw new Error(`${command} was not acknowledged: ${outcome} ${text}`);
            return ms;
          }),
        );
      await wave(); // just-in-time compilation, and what the bot asks Slack once about a person
      const times: number[] = [];
      for (let index = 0; index < waves; index += 1) {
        const some = await wave();
        times.push(...some);
        bench.say(
          `wave ${index + 1}: ${concurrent} commands at once, the slowest acknowledged after ${Math.max(...some)} ms`,
        );
      }
      const answered = await untilAnswered(slack, concurrent * (waves + 1));
      bench.say(`every one of them was answered, the last ${Math.round(answered)} ms after the last acknowledgement`);
      const complaints = slack.ctl.complaints();
      if (complaints.length > 0) throw new Error(`Slack complains: ${complaints[0]}`);
      return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
    } finally {
      await starwarden.stop();
      await slack.stop();
    }
  },
});

/** An acknowledgement is a promise of an answer; one that never comes would be cheap. Answers the milliseconds it took. */
async function untilAnswered(slack: Slack, commands: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const waitedMs = performance.now() - startedAt;
    const seen = slack.person(person).sees(channel).length;
    if (seen >= commands) return waitedMs;
    if (waitedMs > answerMs) throw new Error(`only ${seen} of ${commands} commands were answered after ${answerMs} ms`);
    await sleep(20);
  }
}
