import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, makeKeyPair } from '../../../sandbox/hosts/key-pair.ts';
import { type HostOptions, type StandInHost, startHost } from '../../../sandbox/hosts/start-host.ts';
import type { ShellCommand, SshTarget } from '../../../src/adapters/ssh/port.ts';

export type HostFixture = {
  readonly dir: string;
  readonly key: KeyPair;
  readonly host: StandInHost;
  /** How to reach the host, with its present key pinned. */
  target(overrides?: Partial<SshTarget>): SshTarget;
  loggedCommands(): Promise<string[]>;
  stop(): Promise<void>;
};

/** A stand-in host on its own loopback address, so that test files can run beside each other. */
export async function startHostFixture(
  address: string,
  options: Pick<HostOptions, 'environment' | 'services' | 'settings'> = {},
): Promise<HostFixture> {
  const dir = await mkdtemp(join(tmpdir(), 'ssh-adapter-'));
  const commandLog = join(dir, 'commands.log');
  const key = await makeKeyPair(join(dir, 'client'));
  const host = await startHost({
    name: 'host-1',
    address,
    port: 0,
    dir: join(dir, 'host'),
    commandLog,
    authorizedKeys: [key.publicKey],
    ...options,
  });
  return {
    dir,
    key,
    host,
    target: (overrides = {}) => ({
      address,
      port: host.port,
      user: host.user,
      auth: { kind: 'key', privateKey: () => readFile(key.privateKeyFile, 'utf8'), passphrase: null },
      hostKeyFingerprint: host.hostKeyFingerprint,
      jump: null,
      ...overrides,
    }),
    async loggedCommands() {
      const lines = (await readFile(commandLog, 'utf8')).trim().split('\n').filter(Boolean);
      return lines.map((line) => String(JSON.parse(line).command));
    },
    async stop() {
      await host.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A command as `commands.ts` would make it. */
export function shell(text: string, effect: ShellCommand['effect'] = 'read'): ShellCommand {
  return { name: 'test-command', text, effect };
}
