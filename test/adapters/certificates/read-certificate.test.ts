import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readCertificateEnd } from '../../../src/adapters/certificates/read-certificate.ts';
import { type Certificate, makeCertificate } from '../../helpers/certificate.ts';
import { startTinyFrontend } from '../starrocks/tiny-frontend.ts';

const host = '127.0.0.1';
const past = new Date('2021-02-03T04:05:06Z');
const future = new Date('2049-02-03T04:05:06Z');
const certificates = new Map<Date, Certificate>();
const undo: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  for (const end of [past, future]) certificates.set(end, await makeCertificate(end));
});
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

const made = (end: Date): Certificate => certificates.get(end) ?? { key: '', cert: '' };

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return bound.port;
}

const read = (kind: 'TLS' | 'MYSQL', port: number, timeoutMs = 5_000) =>
  readCertificateEnd({ kind, host, port }, { signal: AbortSignal.timeout(20_000), timeoutMs });

describe('the end of the certificate that an endpoint shows', () => {
  it.each([past, future])('is read of one that nobody trusts, over or not: %s', async (end) => {
    const port = await listening(createTlsServer(made(end)));
    expect(await read('TLS', port)).toEqual({ value: end });
  });

  it.each([past, future])('is read at the query port of a frontend, and nobody logs in: %s', async (end) => {
    const frontend = await startTinyFrontend(host, () => 'ok', made(end));
    undo.push(() => frontend.close());
    expect(await read('MYSQL', frontend.port)).toEqual({ value: end });
    expect(frontend.logins()).toBe(0);
  });

  it('is not known of a frontend that offers no TLS', async () => {
    const frontend = await startTinyFrontend(host, () => 'ok');
    undo.push(() => frontend.close());
    expect(await read('MYSQL', frontend.port)).toEqual({ unknown: 'it offers no TLS' });
  });

  it('is not known where nobody listens, or nobody answers', async () => {
    const closed = createServer();
    const port = await listening(closed);
    for (const each of undo.splice(0)) await each();
    for (const kind of ['TLS', 'MYSQL'] as const)
      expect(await read(kind, port)).toEqual({ unknown: expect.stringMatching(/ECONNREFUSED/) });
    const silent = await listening(createServer());
    for (const kind of ['TLS', 'MYSQL'] as const)
      expect(await read(kind, silent, 300)).toEqual({ unknown: expect.stringMatching(/took longer than 300 ms/) });
  });

  it.each([
    ['a greeting of another protocol', Buffer.from('SSH-2.0-x\r\n'), /./],
    ['an empty packet', Buffer.from([0, 0, 0, 0]), /does not greet as MySQL does/],
    ['an error', Buffer.from([9, 0, 0, 0, 0xff, 0x10, 0x04, ...Buffer.from('Too ma')]), /lets nobody log in: Too ma/],
    ['a greeting that is cut off', Buffer.from([3, 0, 0, 0, 10, 0x38, 0]), /does not greet as MySQL does/],
  ])('is not known where %s comes', async (_, answer, why) => {
    const port = await listening(createServer((socket) => socket.end(answer)));
    expect(await read('MYSQL', port)).toEqual({ unknown: expect.stringMatching(why) });
  });

  it('is not known where the connection is closed in the middle of the handshake', async () => {
    const port = await listening(createServer((socket) => socket.once('data', () => socket.end())));
    expect(await read('TLS', port)).toHaveProperty('unknown');
  });
});
