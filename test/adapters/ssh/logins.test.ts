import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batched } from '../../../src/adapters/ssh/batch.ts';
import { isProcessAlive } from '../../../src/adapters/ssh/commands.ts';
import { lockedScript } from '../../../src/adapters/ssh/locked-script.ts';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, shell, startHostFixture } from './host-fixture.ts';

let fixture: HostFixture;
let ssh: Ssh;
let host: Shell;
let loginShell: string;

/** The login shell is a file that each test writes: sshd starts it as it starts any, with `-c` and what was asked for. */
beforeAll(async () => {
  loginShell = join(await mkdtemp(join(tmpdir(), 'login-')), 'shell');
  fixture = await startHostFixture('127.0.1.80', { environment: { SHELL: loginShell } });
  ssh = createSsh();
  host = ssh.shell(fixture.target());
});

afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
  await rm(dirname(loginShell), { recursive: true, force: true });
});

async function loginIs(script: string): Promise<void> {
  await writeFile(loginShell, `#!/bin/bash\n${script}\n`);
  await chmod(loginShell, 0o755);
}

/** What every answer is asked for with; `$$` and /proc show that the shell leads its process group. */
const tricky = `printf '%s|%s|%s\\n' "it's" 'a\\b!' "$HOME"; : <<'END'\n  \`$(x)\`\nEND\ncat; echo "größe" >&2; exit 3`;
const answer = (home: string) => ({ exitCode: 3, stdout: `it's|a\\b!|${home}\ngiven`, stderr: 'größe\n' });
const home = () => join(fixture.dir, 'host', 'home');

const everyWay: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['a read', () => host.run(isProcessAlive({ pid: process.pid, startedAtTicks: '1' }))],
  ['a change', () => host.run(shell('true', 'change'))],
  ['reads that are asked together', () => bothOf(batched(host))],
  [
    'a script that holds a lock',
    () => host.run(lockedScript({ name: 'locked', deployDir: fixture.dir, waitSeconds: 1, lines: ['true'] })),
  ],
  ['a command through sudo', () => host.run(shell('sudo -n true'))],
];

const bothOf = (both: Shell) => Promise.all([both.run(shell('true')), both.run(shell('echo again'))]);

describe('a login that never runs what it is asked to', () => {
  it.each([
    [
      'has an expired password',
      'printf "WARNING: Your password has expired.\\nPassword change required but no TTY available.\\n" >&2; exit 1',
      'Password change required but no TTY available.',
    ],
    ['is nologin', 'exec /usr/sbin/nologin "$@"', 'This account is currently not available.'],
    ['is /bin/false', 'exec /bin/false "$@"', 'exit code 1 without running it, and said nothing'],
    ['is /bin/true', 'exec /bin/true "$@"', 'exit code 0 without running it, and said nothing'],
    ['is a restricted bash', 'exec bash -r "$@"', 'restricted'],
    ['is a git shell', 'exec git-shell "$@"', 'fatal'],
    [
      'is a menu',
      `printf '\\033[1mWelcome\\033[0m\\r\\n1) status\\n2) quit\\n'; exit 0`,
      'Welcome / 1) status / 2) quit',
    ],
    ['prints what it was asked for', 'printf "%s\\n" "not allowed: $2"; exit 0', 'not allowed: exec /bin/sh -c'],
    ['prints it with escapes made plain', 'printf "%b\\n" "$2"; printf "%b\\n" "$2" >&2; exit 0', 'set --; read -r'],
    ['prints a process id and ends well', 'echo "pid 1"; echo 12345', 'pid 1 / 12345'],
    ['is ended by a signal', 'kill -9 $$', 'was ended by SIGKILL without running it'],
  ])('%s', async (_what, script, words) => {
    await loginIs(script);
    await expect(host.run(shell('true', 'change'))).rejects.toMatchObject({
      code: 'SSH_NO_SHELL',
      retryable: false,
      message: expect.stringContaining(words),
      hint: expect.stringContaining('ForceCommand'),
    });
  });

  it.each(everyWay)('is told for %s', async (_what, ask) => {
    for (const script of ['exec /usr/sbin/nologin', 'exit 0', 'echo 0']) {
      await loginIs(script);
      await expect(ask()).rejects.toMatchObject({
        code: 'SSH_NO_SHELL',
        message: expect.stringContaining(`the login of ${fixture.host.user} on 127.0.1.80`),
      });
    }
  });

  it.each([
    ['mixes the streams', '"$BASH" "$@" 2>&1'],
    ['drops errors', '"$BASH" "$@" 2>/dev/null'],
  ])('is told from one that %s', async (_what, script) => {
    await loginIs(script);
    await expect(host.run(shell('echo out'))).rejects.toMatchObject({
      code: 'SSH_NO_SHELL',
      message: expect.stringContaining('does not keep standard output and standard error apart'),
    });
  });

  it('is told from one that gives up half-way', async () => {
    await loginIs('timeout 0.5 "$BASH" "$@"');
    await expect(host.run(shell('echo begun; sleep 5'))).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
    await loginIs('exec "$BASH" "$@"');
    await expect(host.run(shell('sleep 5 & kill -9 $!; wait $!'))).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('ended by SIGKILL'),
    });
  });
});

describe('a login that says more than it is asked for', () => {
  it.each([
    ['before', 'echo "Welcome to $HOME"; echo "motd" >&2; printf "no newline"; exec "$BASH" "$@"'],
    ['behind', '"$BASH" "$@"; echo bye; echo "log off" >&2; exit 0'],
    [
      'at length',
      'head -c 600000 /dev/zero | tr "\\0" x; head -c 600000 /dev/zero | tr "\\0" y >&2; "$BASH" "$@"; exit 77',
    ],
    ['behind, and stays', '"$BASH" "$@"; sleep 20'],
  ])('%s does not disturb the answer', async (_what, script) => {
    await loginIs(script);
    expect(await host.run(shell(tricky), { stdin: 'given' })).toEqual(answer(home()));
    expect((await bothOf(batched(host))).map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual([
      ['', 0],
      ['again\n', 0],
    ]);
  });
});

describe('a login shell', () => {
  const places = ['/bin', '/usr/bin', '/usr/local/bin'];
  const names = ['sh', 'bash', 'dash', 'csh', 'tcsh', 'bsd-csh', 'fish', 'zsh', 'ksh', 'mksh', 'busybox'];
  const found = names.flatMap((name) => places.map((place) => `${place}/${name}`).find(existsSync) ?? []);

  it.each(found)('%s runs what it is asked to as sh would', async (program) => {
    await loginIs(`exec ${program}${program.endsWith('busybox') ? ' sh' : ''} "$@"`);
    expect(await host.run(shell(tricky), { stdin: 'given' })).toEqual(answer(home()));
    const started = await host.run(shell('read -r stat </proc/$$/stat; set -- $stat; echo $1 $5'));
    const [pid, group] = started.stdout.trim().split(' ');
    expect(pid).toBe(group);
  });
});

describe('an sshd that runs something else', () => {
  it.each([
    ['a command of its own', ['ForceCommand /bin/date +%s']],
    ['SFTP only', ['ForceCommand internal-sftp']],
    ['a terminal menu', ['ForceCommand exec /bin/bash --norc -c "read -r line; echo you said $line"']],
  ])('(%s) is told from one that does what it is asked to', async (_what, settings) => {
    const other = await startHostFixture('127.0.1.81', { settings });
    try {
      for (const effect of ['read', 'change'] as const) {
        await expect(ssh.shell(other.target()).run(shell('true', effect), { timeoutMs: 10_000 })).rejects.toMatchObject(
          {
            code: 'SSH_NO_SHELL',
          },
        );
      }
    } finally {
      await other.stop();
    }
  });
});
