import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { Client, type ConnectConfig } from 'ssh2';
import { AppError, messageOf } from '../../errors.ts';
import type { SshTarget } from './port.ts';

export type Credentials = Pick<ConnectConfig, 'privateKey' | 'passphrase' | 'agent' | 'authHandler'>;

export type HostKey = {
  /** `SHA256:…` as OpenSSH prints it. */
  readonly fingerprint: string;
  /** E.g. `ssh-ed25519`. */
  readonly type: string;
};

export type Place = { readonly address: string; readonly port: number };

const connectTimeoutMs = 10_000;

/** Connects and logs in. `through` is an open stream to the host, made by a jump host. */
export function openClient(
  target: SshTarget,
  { credentials, through }: { credentials: Credentials; through: Duplex | null },
): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const client = new Client();
  let refusal: AppError | null = null;
  const fail = (error: unknown) => {
    client.destroy();
    through?.destroy();
    reject(refusal ?? explainFailure(target, error));
  };
  // The protocol sends small packets and waits for answers: gathering them costs 40 ms each time.
  client.once('connect', () => client.setNoDelay(true));
  client.once('ready', () => resolve(client));
  // Stays for the life of the client: an error event that nobody hears ends the process. The pool listens to `close`.
  client.on('error', fail);
  client.once('close', () => fail(new Error('the connection was closed during the handshake')));
  // A jump host keeps its half of a stream open when the host behind it is gone: a command there would never end.
  through?.once('end', () => through.destroy());
  try {
    client.connect({
      ...whereTo(target, through),
      ...credentials,
      username: target.user,
      keepaliveInterval: 10_000,
      keepaliveCountMax: 3,
      hostVerifier: (key: Buffer) => {
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

/** Shows a host's key without logging in: what a person compares before it is pinned. */
export function readHostKeyOnce(place: Place, { through }: { through: Duplex | null }): Promise<HostKey> {
  const { promise, resolve, reject } = Promise.withResolvers<HostKey>();
  const client = new Client();
  const finish = () => {
    client.destroy();
    through?.destroy();
  };
  client.on('error', (error) => {
    finish();
    reject(unreachable(place, error));
  });
  client.once('close', () => reject(unreachable(place, new Error('the connection was closed during the handshake'))));
  client.connect({
    ...whereTo(place, through),
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
  return new AppError(
    'HOST_KEY_CHANGED',
    `${name} shows the ${type} host key ${fingerprint} instead of the accepted ${target.hostKeyFingerprint}`,
    { hint: `Find out why before accepting the new key (reinstalled, or somebody in between?): ${compare}` },
  );
}

function explainFailure(target: SshTarget, cause: unknown): AppError {
  const level = cause instanceof Error && 'level' in cause ? cause.level : null;
  const isAuth = cause instanceof KeyUnusable || level === 'client-authentication' || level === 'agent';
  if (!isAuth) return unreachable(target, cause);
  return new AppError('SSH_AUTH_FAILED', `${nameOf(target)} does not let ${target.user} in: ${messageOf(cause)}`, {
    hint: `Check the key, its passphrase, and that its public half stands in authorized_keys of ${target.user}`,
    cause,
  });
}
