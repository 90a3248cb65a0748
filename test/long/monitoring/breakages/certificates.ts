import { createServer, type Server } from 'node:tls';
import { inUtc } from '../../../../src/domain/utc.ts';
import { saveRepository } from '../../../../src/store/backups/write-repositories.ts';
import { makeCertificate } from '../../../helpers/certificate.ts';
import type { Breakage } from '../breakage.ts';
import type { Site } from '../site.ts';

/*
 * The store of a repository is a real TLS server with a certificate that is about to end. It is no store, so the repository is
 * not usable either.
 */

const dayMs = 86_400_000;
const inDays = (days: number) => new Date(Math.floor((Date.now() + days * dayMs) / 1_000) * 1_000);
const ends = { soon: inDays(10.5), past: inDays(-2) } as const;
const servers = new Map<string, { server: Server; endpoint: string }>();
const endpointOf = (name: string) => servers.get(name)?.endpoint ?? '';

async function serve(name: string, endsAt: Date): Promise<Server> {
  const server = createServer(await makeCertificate(endsAt), (socket) => socket.destroy());
  server.on('connection', (socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  servers.set(name, { server, endpoint: `https://127.0.0.1:${bound.port}` });
  return server;
}

/** Takes a repository there under management; what is undone is the end of the certificate. */
async function breakIt({ lab, clusterId }: Site, name: string, endsAt: Date) {
  const server = await serve(name, endsAt);
  const { db } = lab.engine.ctx;
  const keys = { accessKeyRef: 'env:NOT_SET', secretKeyRef: 'env:NOT_SET' };
  const access = { endpoint: endpointOf(name), region: 'x', pathStyle: true, ...keys };
  const location = `s3://${name}/backups`;
  const repository = { name, location, kind: 'S3', readOnly: false, origin: 'TAKEN_OVER', access } as const;
  await db.transaction().execute((tx) => saveRepository(tx, clusterId, { repository, spent: [] }));
  return async () => {
    server.setSecureContext(await makeCertificate(inDays(300)));
  };
}

export const certificates = {
  certificate_expires_soon: {
    broken: 'the TLS server that a repository names shows a certificate that ends in 10 days',
    told: () => ({
      ...{
        severity: 'HIGH',
        labels: { endpoint: endpointOf('soon') },
        title: /The certificate of https:.* expires soon/,
      },
      words: new RegExp(
        `Certificate, days left of https:.* is 10\\.\\d days, below 14 days, since .*The certificate expires at ${inUtc(ends.soon)}`,
        's',
      ),
    }),
    also: ['repository_unhealthy'],
    breaks: (site) => breakIt(site, 'soon', ends.soon),
  },
  certificate_nearly_expired: {
    broken: 'the TLS server that a repository names shows a certificate that ended two days ago',
    told: () => ({
      ...{
        severity: 'CRITICAL',
        labels: { endpoint: endpointOf('past') },
        title: /https:.* has expired or is about to/,
      },
      words: new RegExp(`days left of https:.* is -2 days, .*The certificate expired at ${inUtc(ends.past)}`, 's'),
    }),
    also: ['repository_unhealthy'],
    breaks: (site) => breakIt(site, 'past', ends.past),
  },
} as const satisfies Record<string, Breakage<Site>>;
