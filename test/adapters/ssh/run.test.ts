import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identify, isRunning } from '../../../sandbox/hosts/processes.ts';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, shell, startHostFixture } from './host-fixture.ts';

let fixture: HostFixture;
let ssh: Ssh;
let host: Shell;

beforeAll(async () => {
  fixture = await startHostFixture('127.0.1.72');
  ssh = createSsh();
  host = ssh.shell(fixture.target());
});

afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
});

/** The process whose number a command wrote to `file`, once it did. */
async function processIn(file: string) {
  await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toMatch(/^\d+\n/);
  const found = identify(Number.parseInt(await readFile(file, 'utf8'), 10));
  if (found === null) throw new Error(`the process named in ${file} has ended already`);
  return found;
}

describe('running a command', () => {
  it('gives back the exit code and both streams', async () => {
    const result = await host.run(shell('echo out; echo err >&2; exit 3'));
    expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('keeps output without a final newline, blank lines and other scripts as they are', async () => {
    const result = await host.run(shell(`printf '\\n\\nGröße 🚀'`));
    expect(result).toEqual({ exitCode: 0, stdout: '\n\nGröße 🚀', stderr: '' });
  });

  it('feeds standard input, which the command sees whole', async () => {
    const stdin = `${'line of text\n'.repeat(20_000)}end`;
    const result = await host.run(shell('cksum; echo done'), { stdin });
    const own = await host.run(
      shell(`for i in $(seq 20000); do echo 'line of text'; done | { cat; printf end; } | cksum`),
    );
    expect(result.stdout).toBe(`${own.stdout}done\n`);
  });

  it('gives an empty standard input when there is none', async () => {
    expect((await host.run(shell('cat; echo "ended"'))).stdout).toBe('ended\n');
  });

  it('calls onLine for each line while the command still runs', async () => {
    const seen: { line: string; stream: string }[] = [];
    const file = join(fixture.dir, 'first-was-seen');
    await host.run(shell(`echo first; echo problem >&2; until [ -e '${file}' ]; do sleep 0.05; done; echo last`), {
      onLine: (line, stream) => {
        seen.push({ line, stream });
        if (line === 'first') writeFileSync(file, '');
      },
    });
    expect(seen.map(({ line, stream }) => `${stream} ${line}`).sort()).toEqual([
      'stderr problem',
      'stdout first',
      'stdout last',
    ]);
  });

  it('shows secrets neither in lines nor in the result, also when they come in pieces', async () => {
    const seen: string[] = [];
    const secret = 'tr0ub4dor&3';
    const result = await host.run(shell(`read -r s; printf 'is tr0ub4d'; sleep 0.3; echo 'or&3!'; echo "$s" >&2`), {
      stdin: `${secret}\n`,
      secrets: [secret],
      onLine: (line) => seen.push(line),
    });
    expect(result).toEqual({ exitCode: 0, stdout: 'is ***!\n', stderr: '***\n' });
    expect(seen.sort()).toEqual(['***', 'is ***!']);
  });

  it('cuts endless output, says so, and still reports the exit code', async () => {
    const result = await host.run(shell('yes | head -c 5000000; exit 4'));
    expect(result.exitCode).toBe(4);
    expect(result.stdout.length).toBeLessThan(1_048_700);
    expect(result.stdout.endsWith('[output cut after 1048576 bytes]\n')).toBe(true);
  });

  it('does not wait for a daemon that keeps the output open', async () => {
    const file = join(fixture.dir, 'daemon.pid');
    const result = await host.run(shell(`sleep 600 & echo $! > '${file}'; echo started`));
    expect(result).toMatchObject({ exitCode: 0, stdout: 'started\n' });
    const daemon = await processIn(file);
    expect(isRunning(daemon)).toBe(true);
    process.kill(daemon.pid);
  });

  it('reports a command that was ended by a signal', async () => {
    await expect(host.run(shell('kill -9 $$'))).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining('ended by SIGKILL'),
    });
  });

  it('runs many commands at once over one connection, or a second one where sshd still counts sessions that ended', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => host.run(shell(`echo ${i}; echo $PPID`))));
    expect(results.map(({ stdout }) => Number.parseInt(stdout, 10))).toEqual(Array.from({ length: 20 }, (_, i) => i));
    // sshd has one process per connection, the parent of all its sessions.
    expect(new Set(results.map(({ stdout }) => stdout.split('\n')[1])).size).toBeLessThanOrEqual(2);
  });
});

describe('ending a command', () => {
  it.each([
    ['a plain command', 'sleep 60'],
    ['a command with children', 'sleep 60 & sleep 60 & wait'],
    ['a command that ignores SIGTERM', 'trap "" TERM HUP; while :; do sleep 1; done'],
  ])('leaves nothing of %s after a timeout', async (_what, text) => {
    const file = join(fixture.dir, `${crypto.randomUUID()}.pid`);
    const running = host.run(shell(`echo $$ > '${file}'; ${text}`), { timeoutMs: 1_500 });
    const failure = expect(running).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringMatching(/test-command on 127\.0\.1\.72:\d+ took longer than 1500 ms; it was killed/),
    });
    const leader = await processIn(file);
    await failure;
    expect(isRunning(leader)).toBe(false);
    expect(await membersOfGroup(leader.pid)).toEqual([]);
  });

  it('kills the command when the caller cancels', async () => {
    const file = join(fixture.dir, 'canceled.pid');
    const controller = new AbortController();
    const running = host.run(shell(`echo $$ > '${file}'; sleep 60`), { signal: controller.signal });
    const failure = expect(running).rejects.toMatchObject({ code: 'CANCELED' });
    const leader = await processIn(file);
    controller.abort();
    await failure;
    expect(await membersOfGroup(leader.pid)).toEqual([]);
  });

  it('runs nothing for a caller that has canceled already', async () => {
    const before = (await fixture.loggedCommands()).length;
    await expect(host.run(shell('echo never'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELED',
    });
    await sleep(300);
    expect((await fixture.loggedCommands()).length).toBe(before);
  });

  it('reports a connection that broke in the middle, and works again afterwards', async () => {
    const file = join(fixture.dir, 'cut.pid');
    const running = host.run(shell(`echo $$ > '${file}'; sleep 60`, 'change'));
    const failure = expect(running).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST', retryable: false });
    await processIn(file);
    await fixture.host.cut();
    await failure;
    expect((await host.run(shell('echo back'))).stdout).toBe('back\n');
  });

  it('breaks off what runs by a host key that is trusted no more, and nothing that runs by another one', async () => {
    const { address, port, hostKeyFingerprint } = fixture.target();
    const file = join(fixture.dir, 'untrusted.pid');
    const running = host.run(shell(`echo $$ > '${file}'; sleep 60`, 'change'));
    const failure = expect(running).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST' });
    await processIn(file);
    ssh.endConnections({ address, port, fingerprint: 'SHA256:another' });
    expect((await host.run(shell('echo still'))).stdout).toBe('still\n');
    ssh.endConnections({ address, port, fingerprint: hostKeyFingerprint });
    await failure;
    expect((await host.run(shell('echo back'))).stdout).toBe('back\n');
  });

  it('frees the place of a canceled command for the next one', async () => {
    const canceled = Array.from({ length: 10 }, () => host.run(shell('sleep 60'), { timeoutMs: 1_500 }).catch(String));
    await Promise.all(canceled);
    expect((await host.run(shell('echo free'))).stdout).toBe('free\n');
  });
});

async function membersOfGroup(pgid: number): Promise<string[]> {
  const result = await host.run(shell(`ps -A -o pgid= -o stat= -o args= | awk '$1 == ${pgid} && $2 !~ /^Z/'`));
  return result.stdout.split('\n').filter(Boolean);
}
