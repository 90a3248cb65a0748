import { createServer, type Socket } from 'node:net';
import { createStarRocks, type StarRocks } from '../../../src/adapters/starrocks/mysql2.ts';
import type { SqlTarget, Statement } from '../../../src/adapters/starrocks/port.ts';
import { type Reply, startTinyFrontend, type TinyFrontend } from './tiny-frontend.ts';

/* Statements, and servers that answer, refuse or keep silent. */

/** What a test has to close at its end. */
export const cleanups: (() => unknown)[] = [];

export const read = (text: string, secrets: string[] = []): Statement => ({
  name: 'test-read',
  text,
  effect: 'read',
  secrets,
});
export const change = (text: string): Statement => ({ name: 'test-change', text, effect: 'change' });

/** A real server behind the port. */
export function realServer(url: string, overrides: Partial<SqlTarget> = {}): SqlTarget {
  const { hostname, port, username, password } = new URL(url);
  return {
    frontends: [{ host: hostname, port: Number(port) }],
    user: decodeURIComponent(username),
    password: async () => decodeURIComponent(password),
    tls: null,
    ...overrides,
  };
}

/** For what nobody has to wait for. */
export function impatient(): StarRocks {
  const connected = createStarRocks({ connectTimeoutMs: 500, leaderPatienceMs: 0 });
  cleanups.push(() => connected.close());
  return connected;
}

export function cluster(frontends: readonly { host: string; port: number }[]): SqlTarget {
  return {
    frontends: frontends.map(({ host, port }) => ({ host, port })),
    user: 'mgr',
    password: async () => 'pass-canary',
    tls: null,
  };
}

export async function frontend(answer: (statement: string) => Reply, host = '127.0.0.1'): Promise<TinyFrontend> {
  const started = await startTinyFrontend(host, answer);
  cleanups.push(started.close);
  return started;
}

export const says = (text: string) => frontend(() => ({ columns: ['who'], rows: [[text]] }));

/** A port where nobody listens. */
export async function refusing() {
  const { host, port, close } = await startTinyFrontend('127.0.0.1', () => 'ok');
  await close();
  return { host, port };
}

/** Accepts and never says a word. */
export async function silent() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return { host: '127.0.0.1', port: bound.port, callers: () => sockets.size };
}
