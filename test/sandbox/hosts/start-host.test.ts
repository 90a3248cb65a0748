import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyPair, makeKeyPair } from '../../../sandbox/hosts/key-pair.ts';
import { identify, isRunning } from '../../../sandbox/hosts/processes.ts';
import { type StandInHost, startHost } from '../../../sandbox/hosts/start-host.ts';

let dir: string;
let commandLog: string;
let key: KeyPair;
let host: StandInHost;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'stand-in-host-'));
  commandLog = join(dir, 'commands.log');
  key = await makeKeyPair(join(dir, 'client'));
  host = await startHost({
    name: 'host-1',
    address: '127.0.1.71',
    port: 0,
    dir: join(dir, 'host-1'),
    commandLog,
    authorizedKeys: [key.publicKey],
    environment: { STAND_IN: 'yes, a "host"'.replaceAll('"', '') },
  });
});

afterAll(async () => {
  await host?.stop();
  await rm(dir, { recursive: true, force: true });
});

const clientOptions = () => [
  ...['-F', 'none', '-i', key.privateKeyFile, '-o', 'BatchMode=yes', '-o', 'IdentityAgent=none'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
];

type Outcome = { exitCode: number; stdout: string; stderr: string };

function client(program: string, args: readonly string[], stdin = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      resolve({ exitCode: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
    child.stdin?.end(stdin);
  });
}

const ssh = (command: string, stdin = '') =>
  client('ssh', [...clientOptions(), '-p', String(host.port), `${host.user}@${host.address}`, command], stdin);

async function loggedCommands(): Promise<{ time: string; host: string; user: string; command: string }[]> {
  return (await readFile(commandLog, 'utf8'))
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function canConnect(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(host.port, host.address);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

describe('a stand-in host', () => {
  it('runs a command with its standard input and gives back output and exit code', async () => {
    const outcome = await ssh('cat; echo problem >&2; exit 7', 'hello');
    expect(outcome).toMatchObject({ exitCode: 7, stdout: 'hello', stderr: 'problem\n' });
  });

  it('shows the configured variables and nothing of its own to the command', async () => {
    const { stdout } = await ssh('echo "$STAND_IN"; env | grep -c SSH_ORIGINAL_COMMAND');
    expect(stdout).toBe('yes, a host\n0\n');
  });

  it.each([
    ['quotes and backslashes', `printf %s 'a"b\\c'"'"`],
    ['newlines, tabs and control characters', "printf %s 'a\n\tb\x01\x1f\x7f'"],
    ['other scripts and emoji', "printf %s 'Größe 日本 🚀'"],
    ['text that looks like shell', "printf %s '$(touch /tmp/never) `id` %s %d !!'"],
    ['a long command', `printf %s ${'x'.repeat(60_000)} | tail -c 1`],
  ])('logs %s exactly as received', async (_what, command) => {
    const before = new Date();
    await ssh(command);
    const last = (await loggedCommands()).at(-1);
    expect(last).toMatchObject({ host: 'host-1', user: host.user, command });
    expect(Math.abs(new Date(last?.time ?? '').getTime() - before.getTime())).toBeLessThan(15 * 60_000); // another zone would be further off
  });

  it('serves SFTP and logs it as such', async () => {
    await writeFile(join(dir, 'local.txt'), 'content');
    const target = join(dir, 'remote.txt');
    const sftp = ['-b', '-', '-P', String(host.port), `${host.user}@${host.address}`];
    const outcome = await client('sftp', [...clientOptions(), ...sftp], `put ${join(dir, 'local.txt')} ${target}\n`);
    expect(outcome.exitCode).toBe(0);
    expect(await readFile(target, 'utf8')).toBe('content');
    expect((await loggedCommands()).at(-1)?.command).toBe('sftp');
  });

  it('lets nobody in whose key it does not know', async () => {
    const stranger = await makeKeyPair(join(dir, 'stranger'));
    const options = clientOptions().map((option) => (option === key.privateKeyFile ? stranger.privateKeyFile : option));
    const where = ['-p', String(host.port), `${host.user}@${host.address}`, 'true'];
    const outcome = await client('ssh', [...options, ...where]);
    expect(outcome.exitCode).toBe(255);
    expect(outcome.stderr).toContain('Permission denied');
  });

  it('drops connections on cut and still answers the next one', async () => {
    const sleeping = ssh('sleep 30');
    await expect.poll(async () => (await loggedCommands()).at(-1)?.command).toBe('sleep 30');
    await host.cut();
    expect((await sleeping).exitCode).toBe(255);
    expect((await ssh('echo back')).stdout).toBe('back\n');
  });

  it('refuses and accepts again, with the same host key', async () => {
    const before = host.hostKeyFingerprint;
    await host.refuse();
    expect(await canConnect()).toBe(false);
    await host.accept();
    expect((await ssh('echo back')).stdout).toBe('back\n');
    expect(host.hostKeyFingerprint).toBe(before);
  });

  it('shows clients another host key after it was rotated', async () => {
    const before = host.hostKeyFingerprint;
    await host.rotateHostKey();
    expect(host.hostKeyFingerprint).not.toBe(before);
    const { stdout } = await client('ssh-keyscan', ['-t', 'ed25519', '-p', String(host.port), host.address]);
    await writeFile(join(dir, 'scanned'), stdout);
    const shown = await client('ssh-keygen', ['-l', '-f', join(dir, 'scanned')]);
    expect(shown.stdout).toContain(host.hostKeyFingerprint);
  });

  it('says another time of day while its clock is set wrong', async () => {
    const aheadMs = async () => Number((await ssh('date +%s%3N')).stdout) - Date.now();
    await host.skewClock(-90_000);
    expect(Math.abs((await aheadMs()) + 90_000)).toBeLessThan(5000);
    await host.skewClock(0);
    expect(Math.abs(await aheadMs())).toBeLessThan(5000);
  });

  it('says of the disk of one path that it is nearly full, and the truth of all others', async () => {
    const line = async (path: string) =>
      (await ssh(`LC_ALL=C df -P -k -- '${path}'`)).stdout.split('\n')[1]?.split(/\s+/);
    const before = await line(dir);
    await host.crowdPath(dir, 93);
    const [, total = '', used = '', free = '', percent] = (await line(`${dir}/client`)) ?? [];
    expect([percent, Number(used) + Number(free)]).toEqual(['93%', Number(total)]);
    expect((await line('/'))?.[1]).toBe(total);
    await host.crowdPath(dir, null);
    expect((await line(dir))?.[1]).toBe(before?.[1]);
    expect((await line(dir))?.[4]).toBe(before?.[4]);
  });

  it('leaves neither a server nor a command behind when stopped', async () => {
    const running = ssh('echo $$ > leftover.pid; exec sleep 30'.replace('leftover', join(dir, 'leftover')));
    await expect.poll(() => readFile(join(dir, 'leftover.pid'), 'utf8').catch(() => '')).toMatch(/\d\n/);
    await host.cut();
    const pid = Number(await readFile(join(dir, 'leftover.pid'), 'utf8'));
    const command = identify(pid);
    expect(command && isRunning(command)).toBe(true);
    await host.stop();
    await running;
    await expect.poll(() => canConnect()).toBe(false);
    await expect.poll(() => command && isRunning(command)).toBe(false);
  });
});
