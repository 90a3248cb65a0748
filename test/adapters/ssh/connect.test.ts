import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKeyPair } from '../../../sandbox/hosts/key-pair.ts';
import { isAlive } from '../../../sandbox/hosts/processes.ts';
import { type StandInHost, startHost } from '../../../sandbox/hosts/start-host.ts';
import type { SshTarget } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, shell, startHostFixture } from './host-fixture.ts';

const hello = shell('echo hello');

let fixture: HostFixture;
let inner: StandInHost;
let ssh: Ssh;

beforeAll(async () => {
  fixture = await startHostFixture('127.0.1.73');
  inner = await startHost({
    name: 'inner',
    address: '127.0.1.74',
    port: 0,
    dir: join(fixture.dir, 'inner'),
    commandLog: join(fixture.dir, 'inner.log'),
    authorizedKeys: [fixture.key.publicKey],
  });
});

afterAll(async () => {
  await inner?.stop();
  await fixture?.stop();
});

beforeEach(() => {
  ssh = createSsh();
});

afterEach(() => ssh.close());

describe('host keys', () => {
  it('refuses a host whose key nobody has accepted, and names its fingerprint', async () => {
    const before = (await fixture.loggedCommands()).length;
    const host = ssh.shell(fixture.target({ hostKeyFingerprint: null }));
    await expect(host.run(hello)).rejects.toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      message: expect.stringContaining(fixture.host.hostKeyFingerprint),
      hint: expect.stringContaining(fixture.host.hostKeyFingerprint),
    });
    expect((await fixture.loggedCommands()).length).toBe(before);
  });

  it('reads the key of a host without logging in', async () => {
    const { address, port, hostKeyFingerprint } = fixture.host;
    expect(await ssh.readHostKey({ address, port })).toEqual({ fingerprint: hostKeyFingerprint, type: 'ssh-ed25519' });
  });

  it('refuses a host whose key has changed, naming both', async () => {
    const pinned = fixture.target();
    await fixture.host.rotateHostKey();
    await expect(ssh.shell(pinned).run(hello)).rejects.toMatchObject({
      code: 'HOST_KEY_CHANGED',
      message: expect.stringMatching(
        new RegExp(`${literally(fixture.host.hostKeyFingerprint)}.*${literally(pinned.hostKeyFingerprint ?? '')}`),
      ),
    });
    expect((await ssh.shell(fixture.target()).run(hello)).stdout).toBe('hello\n');
  });
});

describe('logging in', () => {
  it('says so when the host does not know the key', async () => {
    const stranger = await makeKeyPair(join(fixture.dir, 'stranger'));
    const auth = keyFrom(stranger.privateKeyFile);
    await expect(ssh.shell(fixture.target({ auth })).run(hello)).rejects.toMatchObject({
      code: 'SSH_AUTH_FAILED',
      retryable: false,
    });
  });

  it('never lets a wrong key profit from a connection that another key opened', async () => {
    await ssh.shell(fixture.target()).run(hello);
    const stranger = await makeKeyPair(join(fixture.dir, 'stranger'));
    const auth = keyFrom(stranger.privateKeyFile);
    await expect(ssh.shell(fixture.target({ auth })).run(hello)).rejects.toMatchObject({ code: 'SSH_AUTH_FAILED' });
  });

  it('opens a key with its passphrase, and shows it to nobody when it is wrong', async () => {
    const protectedKey = await makeKeyPair(join(fixture.dir, 'protected'), { passphrase: 'correct horse' });
    const host = await startHost({
      name: 'protected',
      address: '127.0.1.73',
      port: 0,
      dir: join(fixture.dir, 'protected-host'),
      commandLog: join(fixture.dir, 'protected.log'),
      authorizedKeys: [protectedKey.publicKey],
    });
    const target = (passphrase: string | null): SshTarget => ({
      ...fixture.target(),
      port: host.port,
      hostKeyFingerprint: host.hostKeyFingerprint,
      auth: keyFrom(protectedKey.privateKeyFile, passphrase),
    });
    try {
      expect((await ssh.shell(target('correct horse')).run(hello)).stdout).toBe('hello\n');
      const failure = await ssh
        .shell(target('battery staple'))
        .run(hello)
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'SSH_AUTH_FAILED' });
      expect(String(failure)).not.toContain('battery');
      await expect(ssh.shell(target(null)).run(hello)).rejects.toMatchObject({ code: 'SSH_AUTH_FAILED' });
    } finally {
      await host.stop();
    }
  });

  it('says so when the key is no key', async () => {
    const auth = { kind: 'key', privateKey: async () => 'no key at all', passphrase: null } as const;
    const failure = await ssh
      .shell(fixture.target({ auth }))
      .run(hello)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'SSH_AUTH_FAILED' });
    expect(String(failure)).not.toContain('no key at all');
  });

  it('uses the keys of an agent', async () => {
    const socketPath = join(fixture.dir, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socketPath], { stdio: 'ignore' });
    try {
      const add = () =>
        promisify(execFile)('ssh-add', ['-q', fixture.key.privateKeyFile], {
          env: { ...process.env, SSH_AUTH_SOCK: socketPath },
        });
      await expect.poll(() => add().then(() => 'added', String)).toBe('added');
      const target = fixture.target({ auth: { kind: 'agent', socketPath } });
      expect((await ssh.shell(target).run(hello)).stdout).toBe('hello\n');
    } finally {
      agent.kill();
    }
  });

  it('says so when there is no agent', async () => {
    const auth = { kind: 'agent', socketPath: join(fixture.dir, 'none.sock') } as const;
    await expect(ssh.shell(fixture.target({ auth })).run(hello)).rejects.toMatchObject({ code: 'SSH_AUTH_FAILED' });
  });
});

describe('a host that cannot be reached', () => {
  it('is reported as unreachable, and works again once it is back', async () => {
    const host = ssh.shell(fixture.target());
    await host.run(hello);
    await fixture.host.refuse();
    await expect(host.run(hello)).rejects.toMatchObject({ code: 'SSH_UNREACHABLE', retryable: true });
    await fixture.host.accept();
    expect((await host.run(hello)).stdout).toBe('hello\n');
  });

  it('takes no longer than the timeout when it accepts and stays silent', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.1.73', resolve));
    const bound = silent.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    try {
      const host = ssh.shell(fixture.target({ port: bound.port }));
      const longer = expect.stringContaining('longer than 300 ms');
      await expect(host.run(hello, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'TIMEOUT', message: longer });
      await expect(ssh.readHostKey({ address: '127.0.1.73', port: bound.port, timeoutMs: 300 })).rejects.toMatchObject({
        code: 'TIMEOUT',
        message: longer,
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });
});

describe('a connection that broke while idle', () => {
  it('costs a read nothing, even before the break was noticed', async () => {
    const host = ssh.shell(fixture.target());
    for (let round = 0; round < 5; round += 1) {
      await host.run(hello);
      await fixture.host.cut();
      expect((await host.run(hello)).stdout).toBe('hello\n');
    }
  });
});

describe('a jump host', () => {
  const innerTarget = (overrides: Partial<SshTarget> = {}): SshTarget => ({
    ...fixture.target(),
    address: inner.address,
    port: inner.port,
    hostKeyFingerprint: inner.hostKeyFingerprint,
    jump: fixture.target(),
    ...overrides,
  });

  it('carries the connection, so that the inner host sees it coming from there', async () => {
    const { stdout } = await ssh.shell(innerTarget()).run(shell('echo "$SSH_CONNECTION"'));
    expect(stdout).toContain(`${inner.address} ${inner.port}`);
    const processes = await ssh.shell(fixture.target()).run(shell('echo $PPID'));
    expect(processes.exitCode).toBe(0);
    await fixture.host.cut();
    // The way is gone with the jump host's connections, and found again.
    expect((await ssh.shell(innerTarget()).run(hello)).stdout).toBe('hello\n');
  });

  it('hides no broken connection to the inner host from a command that is under way there', async () => {
    const host = ssh.shell(innerTarget());
    const cut = setTimeout(() => inner.cut(), 500);
    const running = host.run(shell('sleep 30', 'change'), { timeoutMs: 20_000 }).finally(() => clearTimeout(cut));
    await expect(running).rejects.toMatchObject({
      code: 'SSH_ANSWER_LOST',
      message: expect.stringContaining('the connection broke'),
    });
    expect((await host.run(hello)).stdout).toBe('hello\n');
  });

  it('loses no exit code of a command that is over at once', async () => {
    for (let code = 0; code < 20; code += 1) {
      const fresh = createSsh();
      const result = await fresh
        .shell(innerTarget())
        .run(shell(`exit ${code}`))
        .finally(fresh.close);
      expect(result.exitCode).toBe(code);
    }
  });

  it('is itself checked for its host key', async () => {
    const jump = fixture.target({ hostKeyFingerprint: null });
    await expect(ssh.shell(innerTarget({ jump })).run(hello)).rejects.toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      message: expect.stringContaining(`${fixture.host.address}:${fixture.host.port}`),
    });
  });

  it('does not weaken the check of the inner host', async () => {
    await expect(ssh.shell(innerTarget({ hostKeyFingerprint: null })).run(hello)).rejects.toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      message: expect.stringContaining(inner.hostKeyFingerprint),
    });
  });

  it('shows the host key of a host behind it', async () => {
    const { address, port, hostKeyFingerprint } = inner;
    const shown = await ssh.readHostKey({ address, port, jump: fixture.target() });
    expect(shown.fingerprint).toBe(hostKeyFingerprint);
  });

  it('reports the inner host as unreachable when only that is down', async () => {
    await inner.refuse();
    try {
      await expect(ssh.shell(innerTarget()).run(hello)).rejects.toMatchObject({
        code: 'SSH_UNREACHABLE',
        message: expect.stringMatching(new RegExp(`${inner.address}.*through ${fixture.host.address}`)),
      });
    } finally {
      await inner.accept();
    }
  });
});

describe('idle connections', () => {
  it('are closed', async () => {
    const impatient = createSsh({ idleMs: 100 });
    try {
      const host = impatient.shell(fixture.target());
      const first = (await host.run(shell('echo $PPID'))).stdout;
      const again = (await host.run(shell('echo $PPID'))).stdout;
      expect(again).toBe(first);
      await expect.poll(() => isAlive(Number(first))).toBe(false);
      expect((await host.run(shell('echo $PPID'))).stdout).not.toBe(first);
    } finally {
      await impatient.close();
    }
  });
});

function keyFrom(file: string, passphrase: string | null = null): SshTarget['auth'] {
  return {
    kind: 'key',
    privateKey: () => readFile(file, 'utf8'),
    passphrase: passphrase === null ? null : async () => passphrase,
  };
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
