import { createArchives } from '../adapters/archives/local.ts';
import { download } from '../adapters/http/download.ts';
import { headOf } from '../adapters/http/head.ts';
import type { NodeHttp } from '../adapters/http/port.ts';
import { openNode } from '../adapters/nodes/open-node.ts';
import type { Node, NodeRef } from '../adapters/nodes/port.ts';
import type { RecentLooks } from '../adapters/nodes/recent-look.ts';
import { openStore } from '../adapters/object-store/open-store.ts';
import type { StorePlace } from '../adapters/object-store/port.ts';
import type { Reading } from '../adapters/reading.ts';
import type { Shell, SshTarget } from '../adapters/ssh/port.ts';
import { usablePrivateKey } from '../adapters/ssh/private-key.ts';
import type { SqlLogin, SqlTarget, StarRocksSql, Statement } from '../adapters/starrocks/port.ts';
import { withSecrets } from '../adapters/starrocks/statements.ts';
import type { HostAuth } from '../domain/cluster.ts';
import type { Inventory, NewHost } from '../domain/inventory.ts';
import { AppError } from '../errors.ts';
import type { Registration } from '../operations/define.ts';
import type { Ports } from '../steps/define.ts';
import { makeCatalogue } from '../store/backups/catalogue.ts';
import { makeInventory } from '../store/clusters/inventory-port.ts';
import type { Database } from '../store/database.ts';
import { type PendingSecret, resolveSecret, resolveSource, type SecretSettings } from '../store/secrets/secrets.ts';
import { createMoment } from './a-moment.ts';
import { findAttached } from './attached-node.ts';
import { type Link, trustedShell, type WayToHost } from './trusted-shell.ts';

/** What connections to clusters and hosts are made from. */
export type Outside = {
  readonly db: Database;
  readonly secrets: SecretSettings;
  readonly starrocks: { connect(target: SqlTarget): StarRocksSql };
  readonly ssh: {
    shell(target: SshTarget): Shell;
    endConnections(link: Link): void;
    readHostKey(place: {
      address: string;
      port: number;
      prefer?: string | null;
      jump?: SshTarget | null;
      timeoutMs?: number;
    }): Promise<{ fingerprint: string }>;
  };
  readonly http: NodeHttp;
  readonly agentSocket: string | null;
  /** Where archives that were fetched from a URL are kept. */
  readonly downloads: { readonly directory: string; readonly mostBytes: number };
  readonly now: () => Date;
  readonly approvalEnvironments: readonly string[];
};

type Login = Omit<NewHost, 'id'>;

/** All that decides how a host is reached and which key it has to show; secrets by reference. */
type Way = Pick<Login, 'address' | 'port' | 'user' | 'auth' | 'hostKeyFingerprint'> & { readonly jump: Way | null };

function linksOf({ address, port, hostKeyFingerprint, jump }: Way): Link[] {
  return [{ address, port, fingerprint: hostKeyFingerprint }, ...(jump === null ? [] : linksOf(jump))];
}

/** Turns what the inventory knows into ports. Secrets are opened here, at the moment of connecting, and go nowhere else. */
export function makeConnections(deps: Outside) {
  const inventory = makeInventory(deps.db);
  const catalogue = makeCatalogue(deps.db);
  const archives = createArchives({ head: headOf, download, ...deps.downloads });

  const stored = (ref: string): Promise<string> => resolveSecret(deps.db, ref, deps.secrets);

  // A step asks a cluster or a host many things in a row, and opening a login takes longer than most of them.
  const opened = { clusters: createMoment<StarRocksSql>(), hosts: createMoment<Shell>() };

  const sqlFor = async (clusterId: string): Promise<StarRocksSql> => {
    const cluster = await inventory.findCluster(clusterId);
    if (cluster === null)
      throw new AppError('NOT_FOUND', `There is no cluster ${clusterId}`, { hint: 'It may have been unregistered.' });
    const { sqlUser: user, passwordRef, tls, seeds } = cluster;
    const frontends = await frontendsOf(inventory, clusterId, seeds);
    return opened.clusters.of({ frontends, user, passwordRef, tls }, () =>
      deps.starrocks.connect({ frontends, user, password: once(() => stored(passwordRef)), tls }),
    );
  };

  const findHost = async (hostId: string) => {
    const host = await inventory.findHost(hostId);
    if (host !== null) return host;
    throw new AppError('CREDENTIAL_MISSING', 'The host is not attached any more', {
      hint: 'Attach it with attachHosts.',
    });
  };

  const shell = async (hostId: string): Promise<Shell> => {
    const host = await findHost(hostId);
    const way = await wayTo(host);
    return opened.hosts.of({ hostId, way }, () =>
      trustedShell({
        way: openable(way),
        readWay: async () => openable(await wayTo(await findHost(hostId))),
        end: deps.ssh.endConnections,
      }),
    );
  };

  const openable = (way: Way): WayToHost => ({
    facts: way,
    links: linksOf(way),
    open: () => deps.ssh.shell(sshTarget(way)),
  });

  const node = async (ref: NodeRef, guard?: () => void, looks?: RecentLooks): Promise<Node> => {
    const { hostId, place } = await findAttached(inventory, ref);
    return openNode(await shell(hostId), place, guard, looks?.of(hostId, place));
  };

  const login = async (host: Login): Promise<Shell> => deps.ssh.shell(sshTarget(await wayTo(host)));

  /** The login of a host, and of each jump host on the way to it. */
  const wayTo = async (host: Login, depth = 0): Promise<Way> => {
    if (depth > 3)
      throw new AppError('PRECONDITION_FAILED', 'The jump hosts form a ring', { hint: 'Attach the hosts again.' });
    const { address, port, user, auth, hostKeyFingerprint, jumpHostId } = host;
    const jump = jumpHostId === null ? null : await inventory.findHost(jumpHostId);
    const through = jump === null ? null : await wayTo(jump, depth + 1);
    return { address, port, user, auth, hostKeyFingerprint, jump: through };
  };

  /** `resolve`: how a reference to a secret is opened. */
  const sshTarget = ({ address, port, user, auth, hostKeyFingerprint, jump }: Way, resolve = stored): SshTarget => ({
    address,
    port,
    user,
    auth: authOf(auth, resolve),
    hostKeyFingerprint,
    jump: jump === null ? null : sshTarget(jump, resolve),
  });

  const authOf = (auth: HostAuth, resolve: typeof stored): SshTarget['auth'] => {
    if (auth.kind === 'agent') {
      if (deps.agentSocket === null)
        throw new AppError('CREDENTIAL_MISSING', 'No SSH agent is running', {
          hint: 'Start Starwarden with SSH_AUTH_SOCK set, or give a key.',
        });
      return { kind: 'agent', socketPath: deps.agentSocket };
    }
    const { passphraseRef } = auth;
    return {
      kind: 'key',
      privateKey: () => resolve(auth.privateKeyRef),
      passphrase: passphraseRef === null ? null : () => resolve(passphraseRef),
    };
  };

  const revealed = async (statement: Statement): Promise<Statement> => {
    if (statement.secretRefs === undefined || statement.secretRefs.length === 0) return statement;
    const secrets = new Map<string, string>();
    for (const ref of statement.secretRefs) secrets.set(ref, await resolveSecret(deps.db, ref, deps.secrets));
    return withSecrets(statement, secrets);
  };

  const objectsAt = (place: StorePlace, guard?: () => void) =>
    openStore(place, (ref) => resolveSecret(deps.db, ref, deps.secrets), guard);

  const objects = async (clusterId: string, name: string, guard?: () => void) => {
    const repository = await catalogue.findRepository(clusterId, name);
    if (repository !== null) return objectsAt(repository, guard);
    throw new AppError('NOT_FOUND', `The repository ${name} is not under management here`, {
      hint: 'Take it over with takeOverRepository.',
    });
  };

  const sqlAs = ({ host, port, user, passwordRef }: SqlLogin): StarRocksSql => {
    const password = async () => (passwordRef === null ? '' : stored(passwordRef));
    const one = deps.starrocks.connect({ frontends: [{ host, port }], user, password, tls: null });
    return { query: async (statement, call) => one.query(await revealed(statement), call) };
  };

  const portsFor = (clusterId: string): Ports => ({
    sql: { query: async (statement, call) => (await sqlFor(clusterId)).query(await revealed(statement), call) },
    sqlAs,
    node,
    shell,
    login,
    objects: (name, guard) => objects(clusterId, name, guard),
    objectsAt,
    http: deps.http,
    inventory,
    catalogue,
    archives,
  });

  const reading = (clusterId: string, signal: AbortSignal): Reading => {
    const ports = portsFor(clusterId);
    return {
      clusterId,
      sql: ports.sql,
      sqlAs,
      node,
      shell,
      http: ports.http,
      objects: ports.objects,
      objectsAt,
      inventory,
      catalogue,
      archives,
      signal,
      now: deps.now,
    };
  };

  /** `pending`: secrets of an input that is not stored yet. */
  const registration = (pending: readonly PendingSecret[]): Registration => {
    /** The value of a secret that came with this input, or of a stored one. */
    const resolveGiven = (ref: string): Promise<string> => {
      const given = pending.find((secret) => `secret:${secret.id}` === ref);
      return given === undefined
        ? resolveSecret(deps.db, ref, deps.secrets)
        : resolveSource(given.source, deps.secrets);
    };
    return {
      approvalEnvironments: deps.approvalEnvironments,
      sqlTo: ({ passwordRef, ...target }) =>
        deps.starrocks.connect({
          ...target,
          password: () => resolveGiven(passwordRef),
        }),
      readHostKey: ({ jump = null, ...place }) =>
        deps.ssh.readHostKey({
          ...place,
          jump: jump === null ? null : sshTarget({ ...jump, jump: null }, resolveGiven),
        }),
      loginTo: async ({ jump = null, ...host }) => {
        const way = await wayTo(host);
        const through = jump === null ? way.jump : { ...jump, jump: null };
        return deps.ssh.shell(sshTarget({ ...way, jump: through }, resolveGiven));
      },
      isEmptySecret: async (ref) => (await resolveGiven(ref)) === '',
      checkPrivateKey: async ({ privateKeyRef, passphraseRef }) => {
        const text = await resolveGiven(privateKeyRef);
        usablePrivateKey({ text, passphrase: passphraseRef === null ? null : await resolveGiven(passphraseRef) });
      },
    };
  };

  return { inventory, catalogue, archives, node, shell, portsFor, reading, registration };
}

/** Asks once; after a failure it asks again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = null;
      throw error;
    });
    return answer;
  };
}

/** The frontends found in the cluster, live ones first, then those given at registration. */
async function frontendsOf(
  inventory: Inventory,
  clusterId: string,
  seeds: SqlTarget['frontends'],
): Promise<SqlTarget['frontends']> {
  const nodes = await inventory.listNodes(clusterId);
  const found = nodes
    .filter((node) => node.kind === 'FRONTEND' && node.queryPort !== null && node.queryPort > 0)
    .toSorted((a, b) => Number(b.alive) - Number(a.alive))
    .map((node) => ({ host: node.host, port: node.queryPort ?? 0 }));
  const all = [...found, ...seeds];
  return all.filter(
    (frontend, index) =>
      all.findIndex((other) => other.host === frontend.host && other.port === frontend.port) === index,
  );
}
