import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { isAlive } from '../../sandbox/hosts/processes.ts';
import { bootstrap } from '../../scripts/bootstrap.mjs';
import { type Services, startServices } from '../../scripts/services.mjs';
import { makeTemplate, type Template } from './running/template-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `test/helpers/services.ts` asks for the services; they start with the first question. */
    servicesBroker: string;
  }
}

const home = fileURLToPath(new URL('../../.local/test', import.meta.url));

/**
 * One MariaDB and one Redis for the whole run, started when the first test wants one: a run of pure tests does not wait
 * for them. Test files run in processes of their own, hence the little server that they ask.
 */
export default async function setUp(project: TestProject) {
  sweepLeftovers();
  const dir = join(home, String(process.pid));
  let services: Promise<Services> | null = null;
  let template: Promise<Template> | null = null;
  let redisDatabases = 0;

  /** `/`: where the services are, and a number that nobody else gets; `/template`: what makes a database a migrated one. */
  const answer = async (url: string | undefined) => {
    services ??= startForTests(dir);
    const { databaseUrl, redisUrl } = await services;
    if (url === '/template') {
      template ??= makeTemplate(databaseUrl, 'starwarden_template');
      return template;
    }
    redisDatabases += 1;
    return { databaseUrl, redisUrl, redisDatabase: redisDatabases };
  };
  const broker = createServer((request, response) => {
    answer(request.url).then(
      (found) => response.end(JSON.stringify(found)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const address = broker.address();
  if (address === null || typeof address === 'string') throw new Error('no port for a listening socket');
  project.provide('servicesBroker', `http://127.0.0.1:${address.port}`);

  return async () => {
    broker.close();
    broker.closeAllConnections();
    const started = await services?.catch(() => null); // the test that asked for it has reported the failure
    await started?.stopHard();
    rmSync(dir, { recursive: true, force: true });
  };
}

async function startForTests(dir: string) {
  await bootstrap({ need: ['mariadb', 'redis'] });
  mkdirSync(dir, { recursive: true });
  return startServices({ dir, fast: true });
}

/** A run that was killed could not remove its files. */
function sweepLeftovers() {
  mkdirSync(home, { recursive: true });
  for (const name of readdirSync(home)) {
    if (!isAlive(Number(name))) rmSync(join(home, name), { recursive: true, force: true });
  }
}
