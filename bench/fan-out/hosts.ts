import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeKeyPair } from '../../sandbox/hosts/key-pair.ts';
import { type StandInHost, startHost } from '../../sandbox/hosts/start-host.ts';
import { settleAll } from '../../sandbox/world/settle.ts';
import type { SshTarget } from '../../src/adapters/ssh/port.ts';

/** As many addresses as one sshd listens on (its `MAX_LISTEN_SOCKS`). */
const addressesEach = 16;
const port = 22_022;

export type Hosts = {
  readonly addresses: readonly string[];
  /** How Starwarden reaches them: the key pinned, the login in memory. */
  readonly targets: readonly SshTarget[];
  /** How `ssh` reaches them: a connection for each command, or one that stays. */
  readonly sshConfig: { readonly cold: string; readonly warm: string };
  /** One address a line. */
  readonly list: string;
};

/** `own`: each host is a process of its own, and what is sent there arrives in a directory of its own. */
export type Kind = 'shared' | 'own';

/**
 * Hosts as far as SSH can tell: real OpenSSH servers on loopback addresses, as they come but for the number of logins at once,
 * which belongs to one host and is shared here by the addresses of one process. What it takes to end them is put on `undo`.
 */
export async function startHosts(
  { dir, count, kind }: { readonly dir: string; readonly count: number; readonly kind: Kind },
  undo: AsyncDisposableStack,
): Promise<Hosts> {
  await mkdir(dir, { recursive: true });
  const { privateKeyFile, publicKey } = await makeKeyPair(dir);
  const block = 1 + Math.floor(Math.random() * 200);
  const addresses = Array.from(
    { length: count },
    (_, index) => `127.${block}.${1 + (index >> 7)}.${1 + (index & 127)}`,
  );
  const each = kind === 'own' ? 1 : addressesEach;
  const groups = Array.from({ length: Math.ceil(count / each) }, (_, group) =>
    addresses.slice(group * each, (group + 1) * each),
  );
  const servers = await settleAll(
    groups.map(async (group, index) => {
      const server = await startServer({ dir: join(dir, `sshd-${index}`), group, publicKey, kind });
      undo.defer(() => server.stop());
      return { server, group };
    }),
  );
  const privateKey = await readFile(privateKeyFile, 'utf8');
  const user = servers[0]?.server.user ?? '';
  const known = await Promise.all(
    servers.map(async ({ server, group }) => {
      const key = (await readFile(join(server.dir, 'host-key.pub'), 'utf8')).trim();
      return group.map((address) => `[${address}]:${port} ${key}\n`);
    }),
  );
  const knownHosts = join(dir, 'known_hosts');
  await writeFile(knownHosts, known.flat().join(''));
  const usual = [
    `User ${user}`,
    `Port ${port}`,
    `IdentityFile ${privateKeyFile}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${knownHosts}`,
    'StrictHostKeyChecking yes',
    'PreferredAuthentications publickey',
    'BatchMode yes',
    'LogLevel ERROR',
    // The same as ours: what `ssh` takes first is another key exchange, and slower.
    'KexAlgorithms curve25519-sha256',
    'Ciphers aes128-gcm@openssh.com',
  ];
  // A socket's path ends at 108 characters.
  const sockets = await mkdtemp('/tmp/sw-fan-');
  undo.defer(() => rm(sockets, { recursive: true, force: true }));
  const kept = ['ControlMaster auto', 'ControlPersist 60', `ControlPath ${sockets}/%h`];
  const sshConfig = { cold: join(dir, 'ssh_config'), warm: join(dir, 'ssh_config_kept') };
  const list = join(dir, 'hosts.txt');
  await Promise.all([
    writeFile(sshConfig.cold, `${usual.join('\n')}\n`),
    writeFile(sshConfig.warm, `${[...usual, ...kept].join('\n')}\n`),
    writeFile(list, `${addresses.join('\n')}\n`),
  ]);
  const targets = servers.flatMap(({ server, group }) =>
    group.map(
      (address): SshTarget => ({
        address,
        port,
        user,
        auth: { kind: 'key', privateKey: async () => privateKey, passphrase: null },
        hostKeyFingerprint: server.hostKeyFingerprint,
        jump: null,
      }),
    ),
  );
  return { addresses, targets, sshConfig, list };
}

type Server = {
  readonly dir: string;
  readonly group: readonly string[];
  readonly publicKey: string;
  readonly kind: Kind;
};

/** Where the files of a host of its own arrive, whatever sends them. */
export function inboxOf(dir: string, index: number): string {
  return join(dir, `sshd-${index}`, 'in');
}

async function startServer({ dir, group, publicKey, kind }: Server): Promise<StandInHost> {
  const [address = ''] = group;
  const inbox = join(dir, 'in');
  await mkdir(inbox, { recursive: true });
  return startHost({
    name: address,
    address,
    port,
    dir,
    commandLog: join(dir, '..', 'commands.log'),
    authorizedKeys: [publicKey],
    // No log of commands: it costs more than the command.
    settings: [
      ...group.map((each) => `ListenAddress ${each}:${port}`),
      kind === 'own' ? `ForceCommand cd '${inbox}' && exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"` : 'ForceCommand',
      'MaxStartups 1000',
    ],
  });
}
