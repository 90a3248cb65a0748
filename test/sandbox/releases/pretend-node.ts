/**
 * The least that the scripts need from a frontend or backend: the pid file, the name in `ps`, and the signals. Conf keys of
 * its own: `pretend_stop_ms`, how long it takes to end after SIGTERM or SIGUSR1 (`never` = it does not), and
 * `pretend_name`, a wrong name for `ps`.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process, { argv, env, exit } from 'node:process';
import { listenAtOwnAddress } from '../../../sandbox/starrocks/own-machine.ts';

const home = argv[argv.indexOf('--home') + 1] ?? '';
const kind = basename(home) === 'fe' ? 'fe' : argv.includes('--cn') ? 'cn' : 'be';
const conf = readFileSync(join(home, 'conf', `${kind}.conf`), 'utf8');
const pidFile = join(env.PID_DIR ?? '', `${kind}.pid`);

await listenAtOwnAddress('127.0.0.1');
writeFileSync('/proc/self/comm', confValue('pretend_name') ?? (kind === 'fe' ? 'java' : 'starrocks_be'));
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGUSR1', () => stop('SIGUSR1'));
setInterval(() => {}, 60_000);
mkdirSync(join(home, 'log'), { recursive: true });
appendFileSync(join(home, 'log', 'signals'), `started ${argv.slice(argv.indexOf('--home') + 2).join(' ')}\n`);
writeFileSync(pidFile, `${process.pid}`);

function stop(signal: string): void {
  appendFileSync(join(home, 'log', 'signals'), `${signal}\n`);
  const stopMs = confValue('pretend_stop_ms') ?? '0';
  if (stopMs === 'never') return;
  setTimeout(() => {
    if (kind === 'fe') rmSync(pidFile, { force: true });
    exit(0);
  }, Number(stopMs));
}

function confValue(key: string): string | null {
  return new RegExp(`^${key} = (.*)$`, 'm').exec(conf)?.[1] ?? null;
}
