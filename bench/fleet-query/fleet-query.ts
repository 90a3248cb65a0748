import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type Bench, defineBenchmark } from '../lib/benchmark.ts';
import { addFleet } from '../lib/fleet.ts';
import { generateLoad, type LoadResult } from '../lib/load.ts';
import { startServerProcess } from '../lib/server-process.ts';
import { type Starwarden, startStarwarden } from '../lib/starwarden.ts';
import { median, round } from '../lib/statistics.ts';
import { countStatements } from './count-statements.ts';
import { fleetPage, fleetQuery } from './query.ts';

/** The longest page that the API gives. */
const pageLength = 100;
/** As many tools as may ask at the same moment. */
const connections = 4;

type Size = { few: number; clusters: number; many: number; warmUps: number; rounds: number; seconds: number };

export const fleetQueryBenchmark = defineBenchmark<Size>({
  name: 'fleet-query',
  summary:
    'Clusters of 20 nodes with open alerts and last run, beside a bare Apollo Server that has the same answer in memory.',
  full: { few: 10, clusters: 100, many: 1_000, warmUps: 1, rounds: 3, seconds: 4 },
  quick: { few: 2, clusters: 4, many: 8, warmUps: 0, rounds: 1, seconds: 1 },
  measure: async (bench, size) => {
    // Only the API: probes of clusters that do not exist would be measured too.
    const starwarden = await startStarwarden(bench, { parts: 'api' });
    const db = openDatabase({ url: bench.databaseUrl });
    try {
      await addFleet(db, { from: 0, to: size.few });
      const sqlOfFew = await statementsPerPage(starwarden, db);
      await addFleet(db, { from: size.few, to: size.clusters });
      const sqlPerRequest = await statementsPerPage(starwarden, db);
      const speeds = await compare(bench, starwarden, size);
      await addFleet(db, { from: size.clusters, to: size.many });
      const sqlPerRequestTenTimes = await statementsPerPage(starwarden, db);
      bench.say(
        `SQL statements for a page: ${sqlOfFew} of ${size.few} clusters, ${sqlPerRequest} of ${size.clusters}, ` +
          `${sqlPerRequestTenTimes} of ${size.many} (in pages of ${pageLength})`,
      );
      return { ...speeds, sqlPerRequest, sqlPerRequestTenTimes };
    } finally {
      await db.destroy();
      await starwarden.stop();
    }
  },
});

/** Reads the whole fleet, page by page, and answers how many statements a page took on average. */
async function statementsPerPage(starwarden: Starwarden, db: Database): Promise<number> {
  let pages = 0;
  const readAll = async () => {
    let after: string | null = null;
    do {
      const { clusters } = fleetPage.parse(
        await starwarden.query({ query: fleetQuery, variables: { first: pageLength, after } }),
      );
      after = clusters.pageInfo.hasNextPage ? clusters.pageInfo.endCursor : null;
      pages += 1;
    } while (after !== null);
  };
  await readAll(); // a connection that is opened sends statements of its own
  pages = 0;
  return (await countStatements(db, readAll)) / pages;
}

/** Both servers in turns, so that whatever else the machine does meets both. */
async function compare(
  bench: Bench,
  starwarden: Starwarden,
  { clusters, warmUps, rounds, seconds }: Size,
): Promise<{ ratio: number; p50Ms: number; p99Ms: number }> {
  const body = { query: fleetQuery, variables: { first: clusters } };
  const data = await starwarden.query(body);
  expectWhole(data, clusters);
  const answerFile = join(bench.dir, 'answer.json');
  await writeFile(answerFile, JSON.stringify(data));
  bench.say(`the answer has ${Math.round(JSON.stringify(data).length / 1024)} KB`);
  const bare = await startServerProcess({
    program: 'bench/fleet-query/bare-server.ts',
    args: [answerFile],
    env: { NODE_ENV: 'production' },
    logFile: join(bench.dir, 'bare.log'),
    profileDir: bench.profileDir,
  });
  try {
    const load = { token: starwarden.token, body, connections, dir: bench.dir };
    const ours: LoadResult[] = [];
    const theirs: LoadResult[] = [];
    for (let index = 1 - warmUps; index <= rounds; index += 1) {
      const mine = await generateLoad({ ...load, url: starwarden.graphqlUrl, seconds });
      const other = await generateLoad({ ...load, url: `${bare.url}/graphql`, seconds });
      if (index < 1) continue; // just-in-time compilation
      ours.push(mine);
      theirs.push(other);
      bench.say(
        `round ${index}: ${Math.round(mine.requestsPerSecond)} requests/s beside ${Math.round(other.requestsPerSecond)}, ` +
          `p50 ${mine.p50Ms} ms beside ${other.p50Ms} ms`,
      );
    }
    return {
      ratio: round(median(ours.map((mine, index) => mine.requestsPerSecond / (theirs[index]?.requestsPerSecond ?? 0)))),
      p50Ms: median(ours.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(ours.map(({ p99Ms }) => p99Ms)),
    };
  } finally {
    await bare.stop();
  }
}

/** A fast answer that lacks something would be no achievement. */
function expectWhole(data: Record<string, unknown>, clusters: number): void {
  const { nodes } = fleetPage.parse(data).clusters;
  const whole = nodes.filter(
    ({ frontends, backends, openAlerts }) => frontends.length + backends.length === 20 && openAlerts.length === 1,
  );
  if (whole.length !== clusters) throw new Error(`${whole.length} of ${clusters} clusters are whole in the answer`);
}
