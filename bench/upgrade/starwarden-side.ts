import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { openDatabase } from '../../src/store/database.ts';
import type { Bench } from '../lib/benchmark.ts';
import { type Starwarden, startStarwarden } from '../lib/starwarden.ts';
import type { UpgradeWorld } from './world.ts';

const userErrors = z.array(z.object({ code: z.string(), message: z.string() }));
const askedShape = z.object({
  payload: z.object({ run: z.object({ id: z.string() }).nullable(), userErrors }),
});
const nodesShape = z.object({
  cluster: z.object({
    id: z.string(),
    frontends: z.array(z.object({ id: z.string(), address: z.string() })),
    backends: z.array(z.object({ id: z.string(), address: z.string() })),
  }),
});
const registeredShape = z.object({ registerRelease: z.object({ userErrors }) });

const endStates = new Set(['SUCCEEDED', 'FAILED', 'CANCELED', 'UNDONE', 'REJECTED', 'EXPIRED', 'INTERRUPTED']);

/** Runs operations as an internal tool would: by GraphQL, one after the other. */
export type Operator = {
  readonly clusterId: string;
  /** Asks for an operation and waits until it has succeeded; anything else throws. */
  carryOut(operation: string, input: Readonly<Record<string, unknown>>): Promise<void>;
};

/**
 * The real program with the world under its management: cluster, hosts and the release are known to it. All of it ends
 * with `undo`.
 */
export async function startOperator(
  bench: Bench,
  { world, target, undo }: { world: UpgradeWorld; target: string; undo: AsyncDisposableStack },
): Promise<Operator> {
  const starwarden = await startStarwarden(bench, {
    parts: 'api,worker,monitor',
    env: { STARWARDEN_RELEASES_DIR: join(world.plan.dir, 'releases') },
  });
  undo.defer(() => starwarden.stop());
  const carryOut = runner(starwarden, bench, undo);
  await carryOut('registerCluster', registration(world));
  const { cluster } = nodesShape.parse(
    await starwarden.query({
      query: '{ cluster(name: "bench") { id frontends { id address } backends { id address } } }',
    }),
  );
  await carryOut('attachHosts', await attachment(world, cluster));
  await registerRelease(starwarden, world, target);
  return { clusterId: cluster.id, carryOut };
}

/** The end of a run is read from the database, so that waiting for it is no work for the process that is measured. */
function runner(starwarden: Starwarden, bench: Bench, undo: AsyncDisposableStack): Operator['carryOut'] {
  const watch = openDatabase({ url: bench.databaseUrl, poolSize: 1 });
  undo.defer(() => watch.destroy());
  return async (operation, input) => {
    const type = `${operation[0]?.toUpperCase()}${operation.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${operation}(input: $input) { run { id } userErrors { code message } } }`;
    const { payload } = askedShape.parse(await starwarden.query({ query, variables: { input } }));
    const id = payload.run?.id;
    if (id === undefined) {
      const reasons = payload.userErrors.map(({ code, message }) => `${code} ${message}`);
      throw new Error(`${operation} was refused: ${reasons.join('; ')}`);
    }
    for (;;) {
      const run = await watch
        .selectFrom('run')
        .select(['state', 'failure'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      if (run.state === 'SUCCEEDED') return;
      if (endStates.has(run.state)) {
        throw new Error(`${operation} ended as ${run.state}: ${JSON.stringify(run.failure)}`);
      }
      await sleep(50);
    }
  };
}

function registration({ plan, sqlUser, sqlPassword }: UpgradeWorld) {
  const frontends = plan.nodes.filter(({ kind }) => kind === 'fe');
  return {
    name: 'bench',
    environment: 'dev',
    frontends: frontends.map(({ address }) => ({ host: address, port: plan.ports.query })),
    sqlUser,
    password: sqlPassword,
  };
}

async function attachment({ machines, keyFile }: UpgradeWorld, cluster: z.infer<typeof nodesShape>['cluster']) {
  const nodes = [...cluster.frontends, ...cluster.backends];
  return {
    clusterId: cluster.id,
    user: machines[0]?.host.user,
    privateKey: await readFile(keyFile, 'utf8'),
    hosts: machines.map(({ nodes: on, host }) => ({
      address: host.address,
      port: host.port,
      hostKeyFingerprint: host.hostKeyFingerprint,
      nodes: on.map(({ address: at, deployDir }) => ({
        nodeId: nodes.find(({ address }) => address === at)?.id,
        deployDir,
      })),
    })),
  };
}

async function registerRelease(starwarden: Starwarden, world: UpgradeWorld, version: string): Promise<void> {
  const release = world.releases.find((one) => one.version === version);
  const input = { version, sha256: release?.sha256, source: { kind: 'PATH', location: release?.path } };
  const { registerRelease: payload } = registeredShape.parse(
    await starwarden.query({
      query:
        'mutation ($input: RegisterReleaseInput!) { registerRelease(input: $input) { userErrors { code message } } }',
      variables: { input },
    }),
  );
  const [error] = payload.userErrors;
  if (error !== undefined) throw new Error(`registerRelease: ${error.code} ${error.message}`);
}
