import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { bootstrap } from '../../scripts/bootstrap.mjs';
import { type Services, startServices } from '../../scripts/services.mjs';
import { makeServicesDir, sweepServicesDirs } from './running/services-dir.ts';
import { makeTemplate, type Template } from './running/template-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `test/helpers/services.ts` asks for the services; they start with the first question. */
    servicesBroker: string;
  }
}

/**
 * One MariaDB and one Redis for the whole run, started when the first test wants one: a run of pure tests does not wait
 * for them. The same of the programs of nodes. Test files run in processes of their own, hence the little server that they ask.
 */
export default async function setUp(project: TestProject) {
  sweepServicesDirs();
  const dir = makeServicesDir();
  let services: Promise<Services> | null = null;
  let template: Promise<Template> | null = null;
  let programs: Promise<string> | null = null;
  let redisDatabases = 0;

  /**
   * `/`: where the services are, and a number that nobody else gets; `/template`: what makes a database a migrated one;
   * `/programs`: where the programs of nodes are.
   */
  const answer = async (url: string | undefined) => {
    if (url === '/programs') {
      programs ??= import('./running/bundle-nodes.ts').then(({ bundleNodes }) => bundleNodes());
      return programs;
    }
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
  return startServices({ dir, fast: true });
}
