import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import { messageOf } from '../../errors.ts';
import { createSlots, type Slots } from '../slots.ts';
import { type Credentials, type HostKey, openClient, type Place, readHostKeyOnce, unreachable } from './connect.ts';
import type { SshTarget } from './port.ts';

/** A connection lent out; `release` has to be called on every way out. */
export type Lease = {
  readonly client: Client;
  /** Sessions for commands. OpenSSH allows 10 per connection by default; two are kept for `killSlots`. */
  readonly slots: Slots;
  readonly killSlots: Slots;
  /** False = this call opened it, so it cannot be stale. */
  readonly isReused: boolean;
  /** Nobody else gets this connection; it ends when those who have it are done. */
  distrust(): void;
  release(): void;
};

export type SshPool = {
  lease(target: SshTarget): Promise<Lease>;
  readHostKey(place: Place, jump: SshTarget | null): Promise<HostKey>;
  close(): Promise<void>;
};

type Connection = {
  readonly ready: Promise<Client>;
  readonly slots: Slots;
  readonly killSlots: Slots;
  users: number;
  idleTimer: NodeJS.Timeout | null;
};

const commandSessions = 8;
const killSessions = 2;

/**
 * One connection per target, closed when idle. The credentials are part of what makes a target: a new key never
 * profits from a login that an older key made.
 */
export function createSshPool({ idleMs }: { readonly idleMs: number }): SshPool {
  const connections = new Map<string, Connection>();
  let isClosed = false;

  const lease = async (target: SshTarget): Promise<Lease> => {
    if (isClosed) throw new Error('the SSH pool is closed');
    const credentials = await readCredentials(target);
    const key = await keyOf(target, credentials);
    const present = connections.get(key);
    const connection = present ?? open(target, { key, credentials });
    connection.users += 1;
    clearTimeout(connection.idleTimer ?? undefined);
    const release = once(() => {
      connection.users -= 1;
      if (connection.users === 0) connection.idleTimer = setTimeout(() => drop(key, connection), idleMs).unref();
    });
    try {
      const { ready, slots, killSlots } = connection;
      const distrust = () => forget(key, connection);
      return { client: await ready, slots, killSlots, isReused: present !== undefined, distrust, release };
    } catch (error) {
      release();
      throw error;
    }
  };

  const open = (target: SshTarget, { key, credentials }: { key: string; credentials: Credentials }): Connection => {
    const connection: Connection = {
      ready: connect(target, credentials),
      slots: createSlots(commandSessions),
      killSlots: createSlots(killSessions),
      users: 0,
      idleTimer: null,
    };
    connections.set(key, connection);
    const lose = () => forget(key, connection);
    connection.ready.then((client) => client.once('close', lose), lose);
    return connection;
  };

  const forget = (key: string, connection: Connection) => {
    if (connections.get(key) === connection) connections.delete(key);
  };

  const connect = async (target: SshTarget, credentials: Credentials): Promise<Client> => {
    if (target.jump === null) return openClient(target, { credentials, through: null });
    const way = await openWay(target, target.jump);
    try {
      const client = await openClient(target, { credentials, through: way.stream });
      client.once('close', way.release);
      return client;
    } catch (error) {
      way.release();
      throw error;
    }
  };

  /** A stream to `place` through the jump host, whose connection stays in use as long as the stream is. */
  const openWay = async (place: Place, jump: SshTarget): Promise<{ stream: Duplex; release(): void }> => {
    const { client, release } = await lease(jump);
    try {
      return { stream: await forward(client, { place, onClose: release }), release };
    } catch (error) {
      release();
      throw unreachable(
        place,
        new Error(`through ${jump.address}:${jump.port}: ${messageOf(error)}`, { cause: error }),
      );
    }
  };

  const drop = (key: string, connection: Connection) => {
    if (connection.users > 0) return;
    forget(key, connection);
    connection.ready.then((client) => client.end(), ignore);
  };

  return {
    lease,
    async readHostKey(place, jump) {
      if (jump === null) return readHostKeyOnce(place, { through: null });
      const way = await openWay(place, jump);
      return readHostKeyOnce(place, { through: way.stream }).finally(way.release);
    },
    async close() {
      isClosed = true;
      const open = [...connections.values()];
      connections.clear();
      await Promise.all(open.map(endConnection));
    },
  };
}

async function endConnection({ ready, idleTimer }: Connection): Promise<void> {
  clearTimeout(idleTimer ?? undefined);
  const client = await ready.catch(() => null);
  if (client === null) return;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  client.once('close', () => resolve());
  client.end();
  // A peer that does not answer must not hold up a shutdown.
  const force = setTimeout(() => {
    client.destroy();
    resolve();
  }, 1_000);
  await closed;
  clearTimeout(force);
}

function forward(client: Client, { place, onClose }: { place: Place; onClose: () => void }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, place.address, place.port, (error, stream) => {
      if (error) return reject(error);
      // Attached within the callback: the end may come in the same packet as the beginning.
      stream.once('close', onClose);
      resolve(stream);
    });
  });
}

async function readCredentials({ auth }: SshTarget): Promise<Credentials> {
  if (auth.kind === 'agent') return { agent: auth.socketPath, authHandler: ['agent'] };
  const privateKey = await auth.privateKey();
  const passphrase = auth.passphrase === null ? {} : { passphrase: await auth.passphrase() };
  return { privateKey, ...passphrase, authHandler: ['publickey'] };
}

async function keyOf(target: SshTarget, credentials: Credentials): Promise<string> {
  const { address, port, user, hostKeyFingerprint, jump } = target;
  const jumpKey = jump === null ? null : await keyOf(jump, await readCredentials(jump));
  const parts = JSON.stringify([address, port, user, hostKeyFingerprint, credentials, jumpKey]);
  return createHash('sha256').update(parts).digest('base64');
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}

function ignore(): void {}
