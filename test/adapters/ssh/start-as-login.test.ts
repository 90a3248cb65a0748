import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBackend, startFrontend } from '../../../src/adapters/ssh/commands.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { startOnce } from '../../../src/adapters/ssh/start-once.ts';
import { Installed, removeArchives } from '../../sandbox/releases/installed.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';

let installed: Installed;
let fixture: HostFixture;
let ssh: Ssh;

beforeAll(async () => {
  [installed, fixture] = await Promise.all([Installed.unpack('3.4.6'), startHostFixture('127.0.1.87')]);
  const profile =
    'export LANG=de_DE.UTF-8 FROM_LOGIN="it\'s a login"\nPATH=$PATH:/opt/own\numask 027\nulimit -c 4096\n';
  await mkdir(join(fixture.dir, 'host', 'home'), { recursive: true });
  await writeFile(join(fixture.dir, 'host', 'home', '.profile'), profile);
  ssh = createSsh();
});
afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
  await installed?.remove();
  await removeArchives();
});

/** What a process got from who started it; what is of one session or one start alone is left out. */
async function inheritanceOf(pid: number) {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8');
  const sessions = /^(SSH_\w+|XDG_SESSION_ID|SHLVL|_|OLDPWD)=/;
  const status = (await read('status')).split('\n');
  const fds = (await readdir(`/proc/${pid}/fd`)).map(Number).filter((fd) => fd <= 2 || fd === 9);
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`)));
  return {
    environment: (await read('environ'))
      .split('\0')
      .filter((line) => line !== '' && !sessions.test(line))
      .sort(),
    umask: status.find((line) => line.startsWith('Umask:')),
    signals: status.filter((line) => /^Sig(Ign|Blk):/.test(line)),
    limits: await read('limits'),
    cwd: await readlink(`/proc/${pid}/cwd`),
    files: fds
      .map((fd, at) => `${fd} ${targets[at]}`)
      .filter((line) => fds.length > 0 && !/socket|anon_inode/.test(line)),
    isLocking: (
      await Promise.all(
        (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
      )
    ).some((target) => target.includes('/starwarden/')),
  };
}

async function pidOf(kind: 'fe' | 'be'): Promise<number> {
  await expect.poll(() => installed.pid(kind), { timeout: 10_000 }).not.toBeNull();
  return (await installed.pid(kind)) ?? 0;
}

async function end(kind: 'fe' | 'be', pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await rm(installed.pidFile(kind), { force: true });
}

/** As its owner does it: logs in, types the command, logs out. */
function typeByHand(line: string): Promise<unknown> {
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const { host, key } = fixture;
  const args = [
    '-T',
    '-i',
    key.privateKeyFile,
    '-p',
    String(host.port),
    ...options.flatMap((option) => ['-o', option]),
  ];
  const client = spawn('ssh', [...args, `${host.user}@${host.address}`], { stdio: ['pipe', 'ignore', 'inherit'] });
  client.stdin.end(`${line}\nexit\n`);
  return new Promise((resolve) => client.once('close', resolve));
}

it.each([
  ['fe', 'frontend', startFrontend],
  ['be', 'backend', startBackend],
] as const)(
  '%s gets from us what the login of its owner gives it, and nothing of our shell',
  async (name, kind, start) => {
    const deployDir = installed.home(name);
    await typeByHand(`'${join(deployDir, 'bin', `start_${name}.sh`)}' --daemon`);
    const byHand = await pidOf(name);
    const wanted = await inheritanceOf(byHand);
    await end(name, byHand);

    const shell = ssh.shell(fixture.target());
    const command = startOnce({ deployDir, kind }, start({ deployDir }));
    expect(await shell.run(command)).toMatchObject({ exitCode: 0 });
    const byUs = await pidOf(name);
    try {
      expect(await inheritanceOf(byUs)).toEqual(wanted);
      expect(wanted).toMatchObject({ umask: 'Umask:\t0027', isLocking: false });
      expect(wanted.environment).toContain("FROM_LOGIN=it's a login");
      // Sent again, as after a crash: it starts no second one.
      expect((await shell.run(command)).stdout).toContain(`it runs as process ${byUs} already`);
      expect(await installed.pid(name)).toBe(byUs);
    } finally {
      await end(name, byUs);
    }
  },
);
