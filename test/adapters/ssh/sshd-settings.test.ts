import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../sandbox/hosts/key-pair.ts';
import type { SshTarget } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, shell, startHostFixture } from './host-fixture.ts';

const address = '127.0.1.82';
const hello = shell('echo hello');

let ssh: Ssh;
let fixture: HostFixture | null = null;

beforeEach(() => {
  ssh = createSsh();
});
afterEach(async () => {
  await ssh.close();
  await fixture?.stop();
  fixture = null;
});

async function sshdWith(...settings: string[]): Promise<HostFixture> {
  fixture = await startHostFixture(address, { settings });
  return fixture;
}

describe('an sshd that allows few sessions', () => {
  it.each([1, 2, 3])('(MaxSessions %i) is asked for as many at a time, and all of them come about', async (most) => {
    const host = ssh.shell((await sshdWith(`MaxSessions ${most}`)).target());
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => host.run(shell(`echo ${i}; sleep 0.05`))));
    expect(answers.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it('is named as the reason when none of ours ends in time', async () => {
    const host = ssh.shell((await sshdWith('MaxSessions 1')).target());
    const begun = Promise.withResolvers<void>();
    const long = host.run(shell('echo begun; sleep 3'), { onLine: () => begun.resolve() });
    await begun.promise; // of two that are asked for at once, either may get the only session
    await expect(host.run(hello, { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: 'SSH_BUSY',
      retryable: true,
      hint: expect.stringContaining('MaxSessions'),
    });
    expect((await long).exitCode).toBe(0);
  });

  it('does not keep a command from being killed', async () => {
    const host = ssh.shell((await sshdWith('MaxSessions 1')).target());
    await expect(host.run(shell('sleep 60'), { timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('it was killed'),
    });
  });

  it('is named when it allows none at all', async () => {
    const host = ssh.shell((await sshdWith('MaxSessions 0')).target());
    await expect(host.run(shell('true', 'change'))).rejects.toMatchObject({ code: 'SSH_BUSY' });
  });
});

describe('a host that drops connections before it introduces itself', () => {
  it('is tried again within the call', async () => {
    const { host, target } = await sshdWith();
    let drops = 3;
    const front = await listen((socket, port) => {
      if (drops > 0) {
        drops -= 1;
        return socket.end('Exceeded MaxStartups\r\n');
      }
      return forward(socket, port);
    }, host.port);
    try {
      expect((await ssh.shell(target({ port: portOf(front) })).run(hello)).stdout).toBe('hello\n');
      expect(drops).toBe(0);
    } finally {
      front.close();
    }
  });

  it('is named as such when it goes on', async () => {
    const { host, target } = await sshdWith();
    const front = await listen((socket) => socket.destroy(), host.port);
    try {
      await expect(ssh.shell(target({ port: portOf(front) })).run(hello)).rejects.toMatchObject({
        code: 'SSH_BUSY',
        retryable: true,
        hint: expect.stringContaining('MaxStartups'),
      });
    } finally {
      front.close();
    }
  });

  it('lets everybody in after a while when it is sshd itself', async () => {
    const { target } = await sshdWith('MaxStartups 1', 'LoginGraceTime 20');
    const many = Array.from({ length: 4 }, () => createSsh());
    try {
      const answers = await Promise.all(many.map((each) => each.shell(target()).run(hello)));
      expect(answers.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 4 }, () => 'hello\n'));
    } finally {
      await Promise.all(many.map((each) => each.close()));
    }
  });
});

describe('an sshd that wants something else to let us in', () => {
  it.each([
    [
      'a second factor',
      ['PasswordAuthentication yes', 'AuthenticationMethods publickey,password'],
      /takes the key, and wants a second factor \(password\)/,
      /AuthenticationMethods publickey/,
    ],
    [
      'no keys at all',
      ['PasswordAuthentication yes', 'PubkeyAuthentication no'],
      /takes only password/,
      /PubkeyAuthentication yes/,
    ],
  ])('(%s) is told with that', async (_what, settings, message, hint) => {
    const { target } = await sshdWith(...settings);
    await expect(ssh.shell(target()).run(hello)).rejects.toMatchObject({
      code: 'SSH_AUTH_FAILED',
      retryable: false,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});

describe('an sshd that knows none of our algorithms', () => {
  it.each([
    ['cipher', ['Ciphers aes128-cbc'], /no cipher algorithm in common/, /Ciphers \+/],
    ['key exchange', ['KexAlgorithms diffie-hellman-group14-sha1'], /no key exchange algorithm/, /KexAlgorithms \+/],
    ['MAC', ['Ciphers aes128-ctr', 'MACs umac-64@openssh.com'], /no MAC algorithm/, /MACs \+/],
  ])('(%s) is told with the setting that helps', async (_what, settings, message, hint) => {
    const { target, host } = await sshdWith(...settings);
    const wanted = {
      code: 'SSH_INCOMPATIBLE',
      retryable: false,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    };
    await expect(ssh.shell(target()).run(hello)).rejects.toMatchObject(wanted);
    if (!message.source.includes('MAC'))
      await expect(ssh.readHostKey({ address, port: host.port })).rejects.toMatchObject(wanted);
  });
});

describe('an sshd without SFTP', () => {
  it.each([
    ['no subsystem', ['Subsystem']],
    ['one that is not there', ['Subsystem sftp /nowhere/sftp-server']],
  ])('(%s) is given files through a command, whole, renamed last and resumed', async (_what, settings) => {
    const { target, dir } = await sshdWith(...settings);
    const host = ssh.shell(target());
    const [localPath, remotePath] = [join(dir, 'local'), join(dir, "it's here")];
    const bytes = randomBytes(3_000_000);
    await writeFile(localPath, bytes);
    const told: number[] = [];
    await host.upload({ localPath, remotePath, mode: 0o640, onProgress: (sent) => told.push(sent) });
    expect((await readFile(remotePath)).equals(bytes)).toBe(true);
    expect((await stat(remotePath)).mode & 0o777).toBe(0o640);
    expect(told.at(-1)).toBe(3_000_000);
    await writeFile(`${remotePath}2.part`, bytes.subarray(0, 1_234_567));
    await host.upload({ localPath, remotePath: `${remotePath}2`, resume: true });
    expect((await readFile(`${remotePath}2`)).equals(bytes)).toBe(true);
    await expect(host.upload({ localPath, remotePath: join(dir, 'none', 'x') })).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      hint: expect.stringContaining('directory exists'),
    });
    expect((await readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('a jump host that passes nothing on', () => {
  it.each([['AllowTcpForwarding no'], ['PermitOpen 10.9.9.9:22'], ['DisableForwarding yes']])(
    '(%s) is told from one whose host behind it is down',
    async (setting) => {
      const { target, host } = await sshdWith(setting);
      const inner = { ...target(), address: '127.0.1.83', port: 1, jump: target() };
      await expect(ssh.shell(inner).run(hello)).rejects.toMatchObject({
        code: 'SSH_NO_FORWARDING',
        message: expect.stringContaining(`${address}:${host.port}`),
        hint: expect.stringContaining('AllowTcpForwarding'),
      });
    },
  );
});

describe('a host with several keys', () => {
  /** `HostKey` lines for a key of each kind; the fixture's own ed25519 key stays the first. */
  async function withKeys() {
    const first = await startHostFixture(address);
    const kinds = ['rsa', 'ecdsa'] as const;
    const files = kinds.map((kind) => join(first.dir, `host-${kind}`));
    for (const [at, kind] of kinds.entries())
      await promisify(execFile)('ssh-keygen', ['-q', '-t', kind, '-N', '', '-f', files[at] ?? '']);
    const own = join(first.dir, 'host', 'host-key');
    const settings = [own, ...files].map((file) => `HostKey "${file}"`);
    const second = await startHostFixture(address, { settings });
    const print = async (file: string) => fingerprintOf(await readFile(`${file}.pub`, 'utf8'));
    const [ed25519 = '', rsa = '', ecdsa = ''] = await Promise.all([own, ...files].map(print));
    return { second, prints: { ed25519, rsa, ecdsa }, stop: () => Promise.all([first.stop(), second.stop()]) };
  }

  it('is known by any of them that is pinned, and is another one by none', async () => {
    const { second, prints, stop } = await withKeys();
    try {
      for (const hostKeyFingerprint of Object.values(prints)) {
        const pinned: SshTarget = second.target({ hostKeyFingerprint });
        expect((await ssh.shell(pinned).run(hello)).stdout).toBe('hello\n');
        const place = { address, port: second.host.port };
        expect((await ssh.readHostKey({ ...place, prefer: hostKeyFingerprint })).fingerprint).toBe(hostKeyFingerprint);
      }
      const place = { address, port: second.host.port };
      expect((await ssh.readHostKey({ ...place, prefer: 'SHA256:none' })).fingerprint).toBe(prints.ed25519);
      const stranger = second.target({ hostKeyFingerprint: 'SHA256:none' });
      await expect(ssh.shell(stranger).run(hello)).rejects.toMatchObject({
        code: 'HOST_KEY_CHANGED',
        message: expect.stringContaining(prints.ed25519),
      });
    } finally {
      await stop();
    }
  });
});

type Handle = (socket: import('node:net').Socket, port: number) => unknown;

function listen(handle: Handle, port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      handle(socket, port);
    });
    server.listen(0, address, () => resolve(server));
  });
}

async function forward(socket: import('node:net').Socket, port: number): Promise<void> {
  const { connect } = await import('node:net');
  const behind = connect({ host: address, port });
  behind.on('error', () => socket.destroy());
  socket.pipe(behind).pipe(socket);
}

function portOf(server: Server): number {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return bound.port;
}
