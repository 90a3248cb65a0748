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
import type { SqlTarget, StarRocksSql, Statement } from '../adapters/starrocks/port.ts';
import { withSecrets } from '../adapters/starrocks/statements.ts';
import type { Host } from '../domain/cluster.ts';
import type { Inventory, NewHost } from '../domain/inventory.ts';
import { AppError } from '../errors.ts';
import type { Registration } from '../operations/define.ts';
import type { Ports } from '../steps/define.ts';
import { makeCatalogue } from '../store/backups/catalogue.ts';
import { makeInventory } from '../store/clusters/inventory-port.ts';
import type { Database } from '../store/database.ts';
import { type PendingSecret, resolveSecret, resolveSource, type SecretSettings } from '../store/secrets/secrets.ts';
import { findAttached } from './attached-node.ts';

/** What connections to clusters and hosts are made from. */
export type Outside = {
  readonly db: Database;
  readonly secrets: SecretSettings;
  readonly starrocks: { connect(target: SqlTarget): StarRocksSql };
  readonly ssh: {
    shell(target: SshTarget): Shell;
    readHostKey(place: {
      address: string;
      port: number;
      prefer?: string | null;
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

/** Turns what the inventory knows into ports. Secrets are opened here, at the moment of connecting, and go nowhere else. */
export function makeConnections(deps: Outside) {
  const inventory = makeInventory(deps.db);
  const catalogue = makeCatalogue(deps.db);
  const archives = createArchives({ head: headOf, download, ...deps.downloads });

  const openSql = async (clusterId: string): Promise<StarRocksSql> => {
    const cluster = await inventory.findCluster(clusterId);
    if (cluster === null)
      throw new AppError('NOT_FOUND', `There is no cluster ${clusterId}`, { hint: 'It may have been unregistered.' });
    return deps.starrocks.connect({
      frontends: await frontendsOf(inventory, clusterId, cluster.seeds),
      user: cluster.sqlUser,
      password: once(() => resolveSecret(deps.db, cluster.passwordRef, deps.secrets)),
      tls: cluster.tls,
    });
  };
  // A step asks a cluster many things in a row: the cluster and its login are not looked up for each of them.
  const sqlFor = forAMoment(openSql);

  const stored = (ref: string): Promise<string> => resolveSecret(deps.db, ref, deps.secrets);

  const openShell = async (hostId: string): Promise<Shell> => {
    const host = await inventory.findHost(hostId);
    if (host === null)
      throw new AppError('CREDENTIAL_MISSING', 'The host is not attached any more', {
        hint: 'Attach it with attachHosts.',
      });
    return deps.ssh.shell(await sshTarget(host));
  };

  // The same for a host: its row and its key are not read for each command of a step.
  const shell = forAMoment(openShell);

  const node = async (ref: NodeRef, guard?: () => void, looks?: RecentLooks): Promise<Node> => {
    const { hostId, place } = await findAttached(inventory, ref);
    return openNode(await shell(hostId), place, guard, looks?.of(hostId, place));
  };

  const login = async (host: Omit<NewHost, 'id'>): Promise<Shell> => deps.ssh.shell(await sshTarget(host));

  /** `resolve`: how a reference to a secret is opened. */
  const sshTarget = async (host: Omit<NewHost, 'id'>, resolve = stored, depth = 0): Promise<SshTarget> => {
    if (depth > 3)
      throw new AppError('PRECONDITION_FAILED', 'The jump hosts form a ring', { hint: 'Attach the hosts again.' });
    const jump = host.jumpHostId === null ? null : await inventory.findHost(host.jumpHostId);
    return {
      address: host.address,
      port: host.port,
      user: host.user,
      auth: authOf(host, resolve),
      hostKeyFingerprint: host.hostKeyFingerprint,
      jump: jump === null ? null : await sshTarget(jump, stored, depth + 1),
    };
  };

  const authOf = (host: Pick<Host, 'auth'>, resolve: typeof stored): SshTarget['auth'] => {
    const { auth } = host;
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

  const portsFor = (clusterId: string): Ports => ({
    sql: { query: async (statement, call) => (await sqlFor(clusterId)).query(await revealed(statement), call) },
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
      readHostKey: (place) => deps.ssh.readHostKey(place),
      loginTo: async (host) => deps.ssh.shell(await sshTarget(host, resolveGiven)),
      checkPrivateKey: async ({ privateKeyRef, passphraseRef }) => {
        const text = await resolveGiven(privateKeyRef);
        usablePrivateKey({ text, passphrase: passphraseRef === null ? null : await resolveGiven(passphraseRef) });
      },
    };
  };

  return { inventory, catalogue, archives, node, shell, portsFor, reading, registration };
}

const momentMs = 1_000;

/** Remembers each answer only for a moment: what it holds may be a secret, and may change. */
function forAMoment<T>(ask: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const recent = new Map<string, Promise<T>>();
  return (id) => {
    const known = recent.get(id);
    if (known !== undefined) return known;
    const answer = ask(id);
    recent.set(id, answer);
    const forget = () => {
      if (recent.get(id) === answer) recent.delete(id);
    };
    answer.catch(forget);
    setTimeout(forget, momentMs).unref();
    return answer;
  };
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
