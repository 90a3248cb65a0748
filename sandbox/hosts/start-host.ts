import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fingerprintOf, makeKeyPair } from './key-pair.ts';
import { killAll, type ProcessId } from './processes.ts';
import { installServices, type Services } from './services.ts';
import { type Sshd, startSshd } from './sshd.ts';
import { sshdConfig } from './sshd-config.ts';
import { type HostTools, installTools } from './tools.ts';

export type HostOptions = {
  /** How the host is called in the command log. */
  readonly name: string;
  /** A loopback address. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Where the host keeps its configuration, keys and log; made when missing. */
  readonly dir: string;
  /** Gets one JSON line per command: `{ time, host, user, command }`. Hosts may share it. */
  readonly commandLog: string;
  /** Lines as in `authorized_keys`. */
  readonly authorizedKeys: readonly string[];
  /** Who may log in. Default: who runs this; only root can serve somebody else. */
  readonly user?: string;
  /**
   * Variables of every session, e.g. a PATH. HOME is `dir/home` unless given here: on a host of its own nobody's
   * shell start files play a part.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Lines of sshd_config(5) instead of the usual ones of the same keyword, e.g. `MaxSessions 1`. `Subsystem` alone = no SFTP;
   * a `ForceCommand` of its own is not logged.
   */
  readonly settings?: readonly string[];
  /** A systemd of its own; without it, `systemctl` and `sudo` are those of this machine, if it has any. */
  readonly services?: Services;
};

/** A machine as far as SSH can tell: a private OpenSSH server on a loopback address. */
export type StandInHost = Pick<HostTools, 'skewClock' | 'crowdPath'> & {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly dir: string;
  /** `SHA256:…` of the present host key. */
  readonly hostKeyFingerprint: string;
  /** The machine is unreachable: cuts the connections and stops listening. */
  refuse(): Promise<void>;
  /** Reachable again. */
  accept(): Promise<void>;
  /** Drops the established connections and keeps listening; commands run on, as after a cable was pulled. */
  cut(): Promise<void>;
  /** As after a reinstallation: a new host key, all connections cut. */
  rotateHostKey(): Promise<void>;
  /** Ends the server, its connections and the commands that hang on them; a detached daemon is not touched. */
  stop(): Promise<void>;
};

/** Starts a host and returns when it greets. No system service is touched, and nothing outside `dir` is written. */
export async function startHost(options: HostOptions): Promise<StandInHost> {
  const { name, address, dir } = options;
  const user = options.user ?? userInfo().username;
  const port = options.port === 0 ? await freePort(address) : options.port;
  await mkdir(join(dir, 'home'), { recursive: true });
  await appendFile(options.commandLog, '');
  await writeFile(join(dir, 'authorized_keys'), `${options.authorizedKeys.join('\n')}\n`);
  const sftpServer = findFile('sftp-server', [
    '/usr/lib/openssh/sftp-server',
    '/usr/libexec/openssh/sftp-server',
    '/usr/lib/ssh/sftp-server',
  ]);
  const binary = findFile('sshd', ['/usr/sbin/sshd', '/usr/bin/sshd', '/usr/local/sbin/sshd']);
  const { commandLog } = options;
  const environment: Record<string, string> = { HOME: join(dir, 'home'), ...options.environment };
  const tools = await installTools(dir);
  const services = options.services === undefined ? [] : [await installServices(dir, options.services)];
  const path = options.environment?.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  environment.PATH = [...services, tools.binDir, path].join(':');
  await writeFile(
    join(dir, 'sshd_config'),
    sshdConfig({
      name,
      address,
      port,
      user,
      dir,
      commandLog,
      sftpServer,
      environment,
      settings: options.settings ?? [],
    }),
  );
  let hostKeyFingerprint = await makeHostKey(dir);
  let sshd: Sshd | null = await startSshd({ binary, address, port, dir });
  let leftBehind: ProcessId[] = [];

  const refuse = async () => {
    const ended = sshd;
    sshd = null;
    leftBehind = [...leftBehind, ...((await ended?.end()) ?? [])];
  };
  const accept = async () => {
    sshd ??= await startSshd({ binary, address, port, dir });
  };
  return {
    name,
    address,
    port,
    user,
    dir,
    get hostKeyFingerprint() {
      return hostKeyFingerprint;
    },
    skewClock: tools.skewClock,
    crowdPath: tools.crowdPath,
    refuse,
    accept,
    async cut() {
      leftBehind = [...leftBehind, ...(sshd?.cut() ?? [])];
    },
    async rotateHostKey() {
      const isListening = sshd !== null;
      await refuse();
      await rm(join(dir, 'host-key'));
      hostKeyFingerprint = await makeHostKey(dir);
      if (isListening) await accept();
    },
    async stop() {
      await refuse();
      killAll(leftBehind);
    },
  };
}

/** Keeps a key that is there, so that a host is the same machine after a restart. */
async function makeHostKey(dir: string): Promise<string> {
  const file = join(dir, 'host-key');
  if (!existsSync(file)) {
    // Made beside and renamed last: a half-made key is never taken for the host's.
    await makeKeyPair(dir, { name: 'host-key.new' });
    await rename(`${file}.new.pub`, `${file}.pub`);
    await rename(`${file}.new`, file);
  }
  return fingerprintOf(await readFile(`${file}.pub`, 'utf8'));
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === 'string') throw new Error(`no free port on ${address}`);
  return bound.port;
}

function findFile(what: string, candidates: readonly string[]): string {
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${what} is not installed; looked for ${candidates.join(', ')}`);
  return found;
}
