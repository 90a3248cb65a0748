import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openDatabase } from '../../src/store/database.ts';
import { fleetQuery } from '../fleet-query/query.ts';
import { defineBenchmark } from '../lib/benchmark.ts';
import { addFleet } from '../lib/fleet.ts';
import { generateLoad } from '../lib/load.ts';
import { slackEnvironment, startStandIn } from '../lib/slack.ts';
import { type Starwarden, startStarwarden, tokenOwner } from '../lib/starwarden.ts';
import { median, round } from '../lib/statistics.ts';

export const memory = defineBenchmark({
  name: 'memory',
  summary: 'Resident memory of one process that does everything: idle, and while it is asked for overviews and runs.',
  full: { idleSeconds: 20, busySeconds: 12, clusters: 100, runs: 1_000 },
  quick: { idleSeconds: 1, busySeconds: 1, clusters: 3, runs: 5 },
  measure: async (bench, { idleSeconds, busySeconds, clusters, runs }) => {
    const slack = await startStandIn();
    const env = slackEnvironment(slack, { person: 'ana', owner: tokenOwner });
    const starwarden = await startStarwarden(bench, { parts: 'api,worker,bot,monitor', env });
    try {
      await slack.ctl.sockets.connected();
      await sleep(idleSeconds * 1000);
      const idle = await sampleUntil(starwarden, sleep(1_000));
      bench.say(`idle for ${idleSeconds} s: ${Math.round(median(idle))} MB`);

      const db = openDatabase({ url: bench.databaseUrl });
      await addFleet(db, { from: 0, to: clusters + runs });
      await db.destroy();
      const { graphqlUrl: url, token } = starwarden;
      const body = { query: fleetQuery, variables: { first: clusters } };
      const queries = generateLoad({ url, token, body, connections: 2, seconds: busySeconds, dir: bench.dir });
      const started = startRuns(starwarden, { clusters, runs, until: queries });
      const busy = await sampleUntil(starwarden, Promise.all([queries, started]));
      bench.say(
        `${Math.round((await queries).requestsPerSecond)} overviews/s of ${clusters} clusters and ${await started} runs: ` +
          `at most ${Math.round(Math.max(...busy))} MB`,
      );
      return { idleRssMb: round(median(idle)), busyRssMb: round(Math.max(...busy)) };
    } finally {
      await starwarden.stop();
      await slack.stop();
    }
  },
});

/** Samples, four a second, until `end` settles. */
async function sampleUntil(starwarden: Starwarden, end: Promise<unknown>): Promise<readonly number[]> {
  const samples: number[] = [];
  let ended = false;
  const done = end.finally(() => {
    ended = true;
  });
  while (!ended) {
    samples.push(await starwarden.residentMb());
    await sleep(250);
  }
  await done;
  return samples;
}

const page = z.object({
  clusters: z.object({
    nodes: z.array(z.object({ id: z.string() })),
    pageInfo: z.object({ endCursor: z.string().nullable() }),
  }),
});
const answer = z.object({ unregisterCluster: z.object({ run: z.object({ id: z.string() }).nullable() }) });

/** Forgets clusters behind the page that the overviews show, one after the other, and answers how many runs that made. */
async function startRuns(
  starwarden: Starwarden,
  { clusters, runs, until }: { clusters: number; runs: number; until: Promise<unknown> },
): Promise<number> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  until.then(stop, stop);
  const list =
    'query ($first: Int!, $after: String) { clusters(first: $first, after: $after) { nodes { id } pageInfo { endCursor } } }';
  const forget = 'mutation ($id: ID!) { unregisterCluster(input: { clusterId: $id }) { run { id } } }';
  let { endCursor: after } = page.parse(await starwarden.query({ query: list, variables: { first: clusters } }))
    .clusters.pageInfo;
  let made = 0;
  while (!stopped && made < runs && after !== null) {
    const { nodes, pageInfo } = page.parse(
      await starwarden.query({ query: list, variables: { first: 50, after } }),
    ).clusters;
    after = pageInfo.endCursor;
    for (const { id } of nodes) {
      if (stopped) break;
      const { unregisterCluster } = answer.parse(await starwarden.query({ query: forget, variables: { id } }));
      if (unregisterCluster.run === null) throw new Error(`unregistering ${id} was refused`);
      made += 1;
    }
  }
  return made;
}
