import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';
import { createSlots, type Slots } from '../slots.ts';
import {
  type Credentials,
  Dropped,
  type HostKey,
  hasNoSuchKey,
  hostKeyKinds,
  nameOf,
  type Opening,
  OtherHostKey,
  openClient,
  type Place,
  readHostKeyOnce,
  tooManyLogins,
  unreachable,
} from './connect.ts';
import { createCrowd } from './crowd.ts';
import type { SshTarget } from './port.ts';
import { usablePrivateKey } from './private-key.ts';

/** A connection lent out; `release` has to be called on every way out. */
export type Lease = {
  readonly client: Client;
  /** Sessions for commands. OpenSSH allows 10 per connection by default; two are kept for `killSlots`. */
  readonly slots: Slots;
  readonly killSlots: Slots;
  /** False = this call opened the connection, so it cannot have died before. */
  readonly isReused: boolean;
  /** Nobody else gets this connection any more; it is closed when its present users are done. */
  distrust(): void;
  release(): void;
};

export type SshPool = {
  lease(target: SshTarget): Promise<Lease>;
  /** The key whose fingerprint is `prefer` if the host has it, otherwise the first one it shows. */
  readHostKey(place: Place, way: { readonly jump: SshTarget | null; readonly prefer: string | null }): Promise<HostKey>;
  /** Ends every connection to this place that was made by this host key; what runs there is broken off. */
  end(key: Place & { readonly fingerprint: string | null }): void;
  close(): Promise<void>;
};

type Connection = {
  readonly target: SshTarget;
  readonly ready: Promise<Client>;
  readonly slots: Slots;
  readonly killSlots: Slots;
  users: number;
  idleTimer: NodeJS.Timeout | null;
};

/**
 * Logins over all hosts. Each is work for both sides and has to be over within ten seconds: hundreds that begin at the same
 * moment would only make each other late.
 */
const logins = { atOnce: 32, slowMs: 1_000, most: 256 };

const commandSessions = 8;
const killSessions = 2;

/**
 * One connection per target, closed when idle. The credentials are part of the target: a new key never uses a login that
 * an older key made.
 */
export function createSshPool({ idleMs }: { readonly idleMs: number }): SshPool {
  const connections = new Map<string, Connection>();
  /** By place and fingerprint: the kind of the pinned key, where that is not the first kind that the host shows. */
  const rightKinds = new Map<string, readonly ServerHostKeyAlgorithm[]>();
  const crowd = createCrowd(logins);
  let isClosed = false;

  const lease = async (target: SshTarget): Promise<Lease> => {
    if (isClosed) throw new Error('the SSH pool is closed');
    const { credentials, key } = await identify(target);
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
      target,
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

  /** Asks for the kind of host key first that was right before: a host may have several, and one of them is pinned. */
  const connect = async (target: SshTarget, credentials: Credentials): Promise<Client> => {
    const place = `${nameOf(target)} ${target.hostKeyFingerprint}`;
    let kinds = firstOf(rightKinds.get(place));
    let changed: unknown = null;
    while (kinds.length > 0) {
      const [first = []] = kinds;
      try {
        const client = await patiently(target, () => connectOnce(target, { credentials, kinds }));
        if (changed !== null) rightKinds.set(place, first);
        return client;
      } catch (error) {
        if (changed !== null && hasNoSuchKey(error)) break;
        if (!(error instanceof OtherHostKey)) throw error;
        changed ??= error;
        kinds = behind(kinds, error.type);
      }
    }
    throw changed;
  };

  const connectOnce = async (target: SshTarget, opening: Omit<Opening, 'through'>): Promise<Client> => {
    if (target.jump === null) return logIn(target, { ...opening, through: null });
    const way = await openWay(target, target.jump);
    try {
      const client = await logIn(target, { ...opening, through: way.stream });
      client.once('close', way.release);
      return client;
    } catch (error) {
      way.release();
      throw error;
    }
  };

  const logIn = async (target: SshTarget, opening: Opening): Promise<Client> => {
    const leave = await crowd.enter(new AbortController().signal);
    return openClient(target, opening).finally(leave);
  };

  /** A stream to `place` through the jump host, whose connection stays in use as long as the stream is. */
  const openWay = async (place: Place, jump: SshTarget): Promise<{ stream: Duplex; release(): void }> => {
    const { client, release } = await lease(jump);
    try {
      return { stream: await forward(client, { place, onClose: release }), release };
    } catch (error) {
      release();
      throw noWay(place, { jump, error });
    }
  };

  const drop = (key: string, connection: Connection) => {
    if (connection.users > 0) return;
    forget(key, connection);
    connection.ready.then((client) => client.end(), ignore);
  };

  return {
    lease,
    async readHostKey(place, { jump, prefer }) {
      const readOnce = async (kinds: Opening['kinds']) => {
        if (jump === null) return readHostKeyOnce(place, { through: null, kinds });
        const way = await openWay(place, jump);
        return readHostKeyOnce(place, { through: way.stream, kinds }).finally(way.release);
      };
      const shown: HostKey[] = [];
      for (let kinds: Opening['kinds'] = hostKeyKinds; kinds.length > 0; ) {
        const key = await patiently(place, () => readOnce(kinds));
        if (key === null) break;
        shown.push(key);
        if (prefer === null || key.fingerprint === prefer) return key;
        kinds = behind(kinds, key.type);
      }
      const [first] = shown;
      if (first !== undefined) return first;
      throw unreachable(place, new Error('it has no host key of a kind that Starwarden knows'));
    },
    end({ address, port, fingerprint }) {
      for (const [key, connection] of connections) {
        const { target } = connection;
        const isMeant = target.address === address && target.port === port && target.hostKeyFingerprint === fingerprint;
        if (!isMeant) continue;
        forget(key, connection);
        connection.ready.then((client) => client.destroy(), ignore);
      }
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
  // A host that does not answer must not delay a shutdown.
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
      // Attached within the callback: the end of a stream may come in the same packet as its beginning.
      stream.once('close', onClose);
      resolve(stream);
    });
  });
}

async function readCredentials(target: SshTarget): Promise<Credentials> {
  const { auth } = target;
  if (auth.kind === 'agent') return { agent: auth.socketPath };
  const text = await auth.privateKey();
  const given = { text, passphrase: auth.passphrase === null ? null : await auth.passphrase() };
  try {
    const { key: privateKey, passphrase } = usablePrivateKey(given);
    return passphrase === null ? { privateKey } : { privateKey, passphrase };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // An unusable key is refused when it is given; so the stored one has changed since, e.g. the file that it is read
    // from.
    throw new AppError(
      'SSH_AUTH_FAILED',
      `Nobody can log in to ${nameOf(target)} as ${target.user}: ${error.message}`,
      {
        ...(error.hint === null ? {} : { hint: error.hint }),
        cause: error,
      },
    );
  }
}

function firstOf(kind: readonly ServerHostKeyAlgorithm[] | undefined): Opening['kinds'] {
  return kind === undefined ? hostKeyKinds : [kind, ...hostKeyKinds.filter((each) => each !== kind)];
}

/** The kinds that are left to ask for: the host has no key of the kinds before the one that it showed. */
function behind(kinds: Opening['kinds'], type: string): Opening['kinds'] {
  return kinds.slice(kinds.findIndex((kind) => kind.some((name) => keyTypeOf(name) === type)) + 1);
}

/** The type that is written in the key itself: one RSA key serves several algorithms. */
function keyTypeOf(algorithm: ServerHostKeyAlgorithm): string {
  return algorithm.startsWith('rsa-sha2') ? 'ssh-rsa' : algorithm;
}

const connectTries = 6;

/**
 * sshd drops connections at random while many log in (`MaxStartups`): then the connection is tried again, after longer
 * and longer waits.
 */
async function patiently<T>(place: Place, connectOnce: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connectOnce();
    } catch (error) {
      if (!(error instanceof Dropped)) throw error;
      if (attempt === connectTries) throw tooManyLogins(place, error);
    }
    await sleep(100 * 2 ** attempt * (0.5 + Math.random()));
  }
}

/** Why there is no stream to a host behind a jump host. */
function noWay(place: Place, { jump, error }: { jump: SshTarget; error: unknown }): AppError {
  const isForbidden = error instanceof Error && 'reason' in error && error.reason === administrativelyProhibited;
  if (!isForbidden)
    return unreachable(place, new Error(`through ${nameOf(jump)}: ${messageOf(error)}`, { cause: error }));
  return new AppError(
    'SSH_NO_FORWARDING',
    `The jump host ${nameOf(jump)} does not let ${jump.user} through to ${nameOf(place)}`,
    {
      hint: `Allow it in sshd_config of the jump host: \`AllowTcpForwarding local\` (or \`yes\`), no \`DisableForwarding\`, and \`PermitOpen ${nameOf(place)}\` if it lists places; authorized_keys must not say no-port-forwarding`,
      cause: error,
    },
  );
}

/** RFC 4254, 5.1: the reason that is given when forwarding is not allowed. */
const administrativelyProhibited = 1;

type Identified = { readonly credentials: Credentials; readonly key: string };

const identified = new WeakMap<SshTarget, { readonly at: number; readonly answer: Promise<Identified> }>();
const momentMs = 1_000;

/** Opening a secret and reading a key take longer than a command: a target is asked once for what is sent in a moment. */
function identify(target: SshTarget): Promise<Identified> {
  const known = identified.get(target);
  if (known !== undefined && performance.now() - known.at < momentMs) return known.answer;
  const answer = readCredentials(target).then(async (credentials) => ({
    credentials,
    key: await keyOf(target, credentials),
  }));
  identified.set(target, { at: performance.now(), answer });
  answer.catch(() => identified.delete(target));
  return answer;
}

async function keyOf(target: SshTarget, credentials: Credentials): Promise<string> {
  const { address, port, user, hostKeyFingerprint, jump } = target;
  const jumpKey = jump === null ? null : (await identify(jump)).key;
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
