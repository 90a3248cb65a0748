import { createServer, type Server } from 'node:http';
import { startFauxqs } from 'fauxqs';
import { createS3Faults, type S3Faults } from './faults.ts';
import { passGate, type S3Request } from './gate.ts';
import { openInside, type S3Inside } from './inside.ts';

export type S3User = {
  readonly accessKey: string;
  readonly secretKey: string;
  /** The buckets that this user may use; all of them when not given. */
  readonly buckets?: readonly string[];
};

/** An object store that speaks S3 on loopback, path-style, and holds everything in memory. */
export type S3Server = {
  /** `http://127.0.0.1:<port>`, the same for its whole life. */
  readonly endpoint: string;
  readonly region: string;
  /** The first of the users. */
  readonly user: S3User;
  readonly faults: S3Faults;
  /** What was asked for, oldest first. */
  readonly requests: readonly S3Request[];
  /** The objects themselves, past keys, clock and faults: for tests to look at and to damage. */
  readonly inside: S3Inside;
  addUser(user: S3User): void;
  /** From now on nobody has this key. */
  dropUser(accessKey: string): void;
  /** Sets the server's clock so far ahead (or back, below 0) of this machine's. */
  shiftClock(ms: number): void;
  /** Refuses connections, those that are open included, until `plug` is called. */
  unplug(): Promise<void>;
  plug(): Promise<void>;
  stop(): Promise<void>;
};

export type S3Options = {
  readonly buckets?: readonly string[];
  readonly users?: readonly S3User[];
  readonly region?: string;
};

const someone: S3User = { accessKey: 'SANDBOXKEY', secretKey: 'sandbox-secret-4f1b' };

/** Starts it on a free port. The store is another maker's (see docs/decisions/0021); who may do what is looked at before it is asked. */
export async function startS3({
  buckets = ['backups'],
  users = [someone],
  region = 'us-east-1',
}: S3Options = {}): Promise<S3Server> {
  const inner = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false, init: { buckets: [...buckets] } });
  const known = new Map<string, { secretKey: string; buckets: readonly string[] | null }>();
  const addUser = (user: S3User) => void known.set(user.accessKey, { ...user, buckets: user.buckets ?? null });
  users.forEach(addUser);
  const faults = createS3Faults();
  const requests: S3Request[] = [];
  let aheadMs = 0;
  const gate = {
    inner: { host: '127.0.0.1', port: inner.port },
    region,
    faults,
    users: known,
    clock: () => Date.now() + aheadMs,
    log: (request: S3Request) => void requests.push(request),
  };
  const server = createServer((request, response) => {
    passGate(request, response, gate).catch(() => response.destroy()); // the client went away
  });
  const port = await listen(server, 0);
  const inside = openInside(inner.port);
  const close = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    user: users[0] ?? someone,
    faults,
    requests,
    inside,
    addUser,
    dropUser: (accessKey) => void known.delete(accessKey),
    shiftClock: (ms) => {
      aheadMs = ms;
    },
    unplug: close,
    plug: async () => {
      if (!server.listening) await listen(server, port);
    },
    async stop() {
      await close();
      inside.close();
      await inner.stop();
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
    });
  });
}
