import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { requireProgram } from './programs.mjs';
import { startServer } from './server.mjs';

/**
 * A Redis server of our own: own files, own port on 127.0.0.1, a password that only this process knows.
 *
 * @param {{ dir: string, durable: boolean }} options `durable` keeps what it holds over a restart
 * @returns {Promise<{ server: import('./server.mjs').Server, url: string, flush: () => Promise<void> }>}
 */
export async function startRedis({ dir, durable }) {
  const program = requireProgram('redis');
  const password = randomBytes(18).toString('base64url');
  const configFile = join(dir, 'redis.conf');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const server = await startServer({
    name: 'Redis',
    program,
    dir,
    logFile: join(dir, 'server.log'),
    pidFile: join(dir, 'server.pid'),
    readyWithinMs: 20_000,
    prepare: async (port) => {
      // A file, because everyone on the machine can read a command line.
      await writeFile(configFile, configuration({ dir, port, password, durable }), { mode: 0o600 });
      return [configFile];
    },
    isReady: async (port) => (await ask({ port, password, command: 'PING' })) === '+PONG',
  });
  return {
    server,
    url: `redis://:${password}@127.0.0.1:${server.port}`,
    flush: async () => {
      const answer = await ask({ port: server.port, password, command: 'FLUSHALL' });
      if (answer !== '+OK') throw new Error(`Redis answered FLUSHALL with ${answer}`);
    },
  };
}

/** @param {{ dir: string, port: number, password: string, durable: boolean }} options */
function configuration({ dir, port, password, durable }) {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${dir}"`,
    `pidfile "${join(dir, 'server.pid')}"`,
    'daemonize no',
    'databases 1024',
    'save ""',
    `appendonly ${durable ? 'yes' : 'no'}`,
    // BullMQ loses jobs if Redis may evict them.
    'maxmemory-policy noeviction',
    '',
  ].join('\n');
}

/**
 * Sends one command and answers its one-line reply; an empty string if there was none.
 *
 * @param {{ port: number, password: string, command: string }} options
 * @returns {Promise<string>}
 */
function ask({ port, password, command }) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 5000 });
    let received = '';
    socket.setEncoding('utf8');
    socket.write(`AUTH ${password}\r\n${command}\r\n`);
    socket.on('data', (chunk) => {
      received += chunk;
      if (received.split('\r\n').length > 2) socket.end();
    });
    socket.once('timeout', () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => resolve(received.split('\r\n')[1] ?? ''));
  });
}
