import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from 'ssh2';
import { AppError, type AppErrorOptions, messageOf } from '../../errors.ts';
import type { SshTarget } from './port.ts';

/** A private key that the driver can read, or an agent. */
export type Credentials = Pick<ConnectConfig, 'privateKey' | 'passphrase' | 'agent'>;

export type HostKey = {
  /** `SHA256:…` as OpenSSH prints it. */
  readonly fingerprint: string;
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
};

export type Place = { readonly address: string; readonly port: number };

const connectTimeoutMs = 10_000;

/** Host keys by kind; a host usually has one key of each of the first, second and last. */
export const hostKeyKinds = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256'],
  ['ecdsa-sha2-nistp384'],
  ['ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
] as const satisfies readonly (readonly ServerHostKeyAlgorithm[])[];

export type Opening = {
  readonly credentials: Credentials;
  /** An open stream to the host, made by a jump host. */
  readonly through: Duplex | null;
  /** The kinds of host key to ask for: the host shows its key of the first kind that it has. */
  readonly kinds: readonly (readonly ServerHostKeyAlgorithm[])[];
};

/** The host showed another key than the pinned one; it may have the pinned one too. */
export class OtherHostKey extends AppError {
  /** The type of the key that it showed. */
  readonly type: string;
  constructor(type: string, message: string, options: AppErrorOptions) {
    super('HOST_KEY_CHANGED', message, options);
    this.type = type;
  }
}

/** The host has closed the connection before it showed its key: nothing was asked of it yet. */
export class Dropped extends Error {}

/** Connects and logs in. */
export function openClient(target: SshTarget, { credentials, through, kinds }: Opening): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const client = new Client();
  let refusal: AppError | null = null;
  let hasShownKey = false;
  const login: Login = { wanted: [], isPartial: false };
  const fail = (error: unknown) => {
    client.destroy();
    through?.destroy();
    reject(refusal ?? explainFailure(target, { error, hasShownKey, login }));
  };
  // The protocol sends small packets and waits for answers: if packets are gathered, each costs 40 ms.
  client.once('connect', () => client.setNoDelay(true));
  client.once('ready', () => resolve(client));
  // Stays for the life of the client: an error event without a listener ends the process. The pool listens to `close`.
  client.on('error', fail);
  client.once('close', () => fail(new Error('the connection was closed during the handshake')));
  // A jump host keeps its half of a stream open when the host behind it is gone: a command there would never end.
  through?.once('end', () => through.destroy());
  try {
    client.connect({
      ...whereTo(target, through),
      ...credentials,
      algorithms: { serverHostKey: kinds.flat() },
      authHandler: offering(credentials.agent === undefined ? 'publickey' : 'agent', login),
      username: target.user,
      keepaliveInterval: 10_000,
      keepaliveCountMax: 3,
      hostVerifier: (key: Buffer) => {
        hasShownKey = true;
        refusal = checkHostKey(target, describeHostKey(key));
        return refusal === null;
      },
    });
  } catch (error) {
    // ssh2 throws at once, without connecting, for a key that it cannot read.
    fail(new KeyUnusable(messageOf(error)));
  }
  return promise;
}

/**
 * Reads a host's key without logging in: a person compares it before it is pinned. Null = the host has no key of these
 * kinds.
 */
export function readHostKeyOnce(
  place: Place,
  { through, kinds }: Pick<Opening, 'through' | 'kinds'>,
): Promise<HostKey | null> {
  const { promise, resolve, reject } = Promise.withResolvers<HostKey | null>();
  const client = new Client();
  const finish = () => {
    client.destroy();
    through?.destroy();
  };
  client.on('error', (error) => {
    finish();
    if (hasNoSuchKey(error)) resolve(null);
    else reject(incompatible(place, error) ?? dropped(error) ?? unreachable(place, error));
  });
  client.once('close', () => reject(new Dropped('the connection was closed during the handshake')));
  client.connect({
    ...whereTo(place, through),
    algorithms: { serverHostKey: kinds.flat() },
    username: 'nobody',
    authHandler: ['none'],
    hostVerifier: (key: Buffer) => {
      resolve(describeHostKey(key));
      // Refusing the key ends the handshake before any login is tried.
      setImmediate(finish);
      return false;
    },
  });
  return promise;
}

export function nameOf({ address, port }: Place): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function unreachable(place: Place, cause: unknown): AppError {
  return new AppError('SSH_UNREACHABLE', `${nameOf(place)} cannot be reached over SSH: ${messageOf(cause)}`, {
    hint: 'Check that the host is up, that sshd listens on that address and port, and that the network lets it through',
    retryable: true,
    cause,
  });
}

class KeyUnusable extends Error {}

function whereTo({ address, port }: Place, through: Duplex | null): ConnectConfig {
  const common = { readyTimeout: connectTimeoutMs };
  return through === null ? { ...common, host: address, port } : { ...common, sock: through };
}

function describeHostKey(key: Buffer): HostKey {
  const digest = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
  return { fingerprint: `SHA256:${digest}`, type: key.toString('latin1', 4, 4 + key.readUInt32BE(0)) };
}

function checkHostKey(target: SshTarget, { fingerprint, type }: HostKey): AppError | null {
  const name = nameOf(target);
  const compare = `"ssh-keygen -lf" on the public key file below /etc/ssh on that host prints it`;
  if (target.hostKeyFingerprint === null) {
    return new AppError(
      'HOST_KEY_UNKNOWN',
      `${name} shows the ${type} host key ${fingerprint}, which nobody has accepted`,
      {
        hint: `Accept ${fingerprint} if it is the host's own: ${compare}`,
      },
    );
  }
  if (target.hostKeyFingerprint === fingerprint) return null;
  return new OtherHostKey(
    type,
    `${name} shows the ${type} host key ${fingerprint} instead of the accepted ${target.hostKeyFingerprint}`,
    { hint: `Find out why before accepting the new key (reinstalled, or somebody in between?): ${compare}` },
  );
}

/** What the host answered to what was offered. */
type Login = {
  /** The ways to log in that the host still accepts. */
  wanted: readonly string[];
  /** True when the host accepted what was offered, and wants more. */
  isPartial: boolean;
};

/** Offers one way to log in and keeps the answer: the driver's own error says only that all ways failed. */
function offering(method: 'publickey' | 'agent', login: Login): NonNullable<ConnectConfig['authHandler']> {
  let isOffered = false;
  return (left, isPartial) => {
    login.wanted = left ?? login.wanted;
    login.isPartial ||= isPartial === true;
    const next = isOffered ? false : method;
    isOffered = true;
    return next;
  };
}

type Failure = { readonly error: unknown; readonly hasShownKey: boolean; readonly login: Login };

function explainFailure(target: SshTarget, { error: cause, hasShownKey, login }: Failure): Error {
  const level = cause instanceof Error && 'level' in cause ? cause.level : null;
  const isAuth = cause instanceof KeyUnusable || level === 'client-authentication' || level === 'agent';
  if (isAuth) return refusedLogin(target, { cause, login });
  const isEarly = hasShownKey ? null : dropped(cause);
  return incompatible(target, cause) ?? isEarly ?? unreachable(target, cause);
}

function refusedLogin(target: SshTarget, { cause, login }: { cause: unknown; login: Login }): AppError {
  const who = `${nameOf(target)} does not let ${target.user} in`;
  const ways = login.wanted.join(', ');
  const failed = (message: string, hint: string) => new AppError('SSH_AUTH_FAILED', message, { hint, cause });
  if (login.isPartial) {
    return failed(
      `${who} with the key alone: it takes the key, and wants a second factor (${ways})`,
      'Starwarden cannot answer questions at a login. Let this user in with the key alone, e.g. `Match User <user>` with `AuthenticationMethods publickey` in sshd_config',
    );
  }
  if (login.wanted.length > 0 && !login.wanted.includes('publickey')) {
    return failed(
      `${who} with a key: it takes only ${ways}`,
      'Set `PubkeyAuthentication yes` in sshd_config, and allow `publickey` in AuthenticationMethods',
    );
  }
  return failed(
    `${who}: ${messageOf(cause)}`,
    `Check the key, its passphrase, and that its public half stands in authorized_keys of ${target.user}`,
  );
}

const settings: readonly (readonly [RegExp, string, string, string])[] = [
  [
    /key exchange/,
    'key exchange',
    'KexAlgorithms',
    'curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256',
  ],
  [/host key/, 'host key', 'HostKeyAlgorithms', 'ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512'],
  [/cipher/, 'cipher', 'Ciphers', 'aes256-gcm@openssh.com,aes256-ctr,chacha20-poly1305@openssh.com'],
  [/MAC/, 'MAC', 'MACs', 'hmac-sha2-256-etm@openssh.com,hmac-sha2-256'],
  [/compression/, 'compression', 'Compression', 'yes'],
];

/** Null when the error is about something else. */
function incompatible(place: Place, cause: unknown): AppError | null {
  const message = messageOf(cause);
  const found = /no matching/i.test(message) ? settings.find(([pattern]) => pattern.test(message)) : undefined;
  if (found === undefined) return null;
  const [, what, keyword, ours] = found;
  return new AppError('SSH_INCOMPATIBLE', `${nameOf(place)} and Starwarden have no ${what} algorithm in common`, {
    hint: `Allow one of these in sshd_config of the host: \`${keyword} +${ours}\``,
    cause,
  });
}

/** True when the host has no key of the kinds that it was asked for. */
export function hasNoSuchKey(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  return /no matching host key/i.test(messageOf(cause));
}

/** Null when the error is something else, e.g. that nothing listens there. */
function dropped(cause: unknown): Dropped | null {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  const isDropped = code === 'ECONNRESET' || /before handshake|closed during the handshake/i.test(messageOf(cause));
  return isDropped ? new Dropped(messageOf(cause), { cause }) : null;
}

export function tooManyLogins(place: Place, cause: unknown): AppError {
  return new AppError(
    'SSH_BUSY',
    `${nameOf(place)} closes connections before it introduces itself: ${messageOf(cause)}`,
    {
      hint: 'sshd does so when more log in at once than `MaxStartups` allows, or when the address is blocked (PerSourceMaxStartups, fail2ban, hosts.deny)',
      retryable: true,
      cause,
    },
  );
}
