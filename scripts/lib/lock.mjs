import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Waits until no other process on this machine holds the lock of that name, then holds it until `release` or the end
 * of this process. The lock is a listening socket, which the kernel closes however its holder ends, so that a lock can
 * never be left behind; waiting is an open connection to it, which ends with it.
 *
 * @param {string} name
 * @param {{ onWait?: () => void, wait?: boolean }} [options] `wait: false` answers null when someone else holds it
 * @returns {Promise<{ release: () => Promise<void> } | null>}
 */
export async function takeLock(name, { onWait = () => {}, wait = true } = {}) {
  const address = addressOf(name);
  for (let attempt = 0; ; attempt += 1) {
    const held = await tryListen(address);
    if (held !== null) return held;
    if (!wait) return null;
    if (attempt === 0) onWait();
    await untilReleased(address);
  }
}

/** @param {string} name */
function addressOf(name) {
  const short = `starwarden-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  // Linux has names outside the file system; elsewhere a file in the directory for temporary files does.
  return process.platform === 'linux' ? `\0${short}` : join(tmpdir(), `${short}.sock`);
}

/**
 * @param {string} address
 * @returns {Promise<{ release: () => Promise<void> } | null>}
 */
function tryListen(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => waiting.delete(socket));
      socket.unref();
    });
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve({ release: () => close(server, waiting) });
    });
  });
}

/**
 * @param {import('node:net').Server} server
 * @param {Set<import('node:net').Socket>} waiting
 */
async function close(server, waiting) {
  const closed = once(server, 'close');
  server.close();
  for (const socket of waiting) socket.destroy();
  await closed;
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function untilReleased(address) {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      // On Linux the name is free by now. Elsewhere it may be a file whose owner is dead.
      if (error.code === 'ECONNREFUSED' && !address.startsWith('\0')) rmSync(address, { force: true });
    });
    socket.once('close', () => resolve());
    socket.resume();
  });
}
