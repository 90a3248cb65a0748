import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownAddress } from './address.ts';
import { followClock } from './clock.ts';
import { confNumber, confPath, readConf, startedDir } from './conf.ts';
import { startFrontend } from './frontend/start.ts';
import { createNodeLog } from './node-log.ts';
import { listenAtOwnAddress } from './own-machine.ts';
import { createPace, formatTime } from './pace.ts';
import { holdPidFile } from './pid-file.ts';
import { readRelease } from './release.ts';

const { values } = parseArgs({
  options: { home: { type: 'string' }, helper: { type: 'string' }, host_type: { type: 'string' } },
  strict: true,
  // The name of its main class.
  allowPositionals: true,
});
const home = resolve(values.home ?? '.');
const conf = readConf(join(home, 'conf', 'fe.conf'));
await listenAtOwnAddress(ownAddress(conf));
// As the stop scripts compare it; setting the title would write over the arguments, which tell nodes apart.
writeFileSync('/proc/self/comm', 'java');
const clockFile = conf.get('sandbox_clock');
if (clockFile !== undefined) followClock(clockFile);
const log = createNodeLog({
  dir: startedDir('LOG_DIR', join(home, 'log')),
  main: 'fe.log',
  warnings: 'fe.warn.log',
});
process.on('uncaughtException', (error) => log('ERROR', error.stack ?? error.message));
process.on('unhandledRejection', (error) => log('ERROR', error instanceof Error ? (error.stack ?? '') : String(error)));

const metaDir = confPath(conf, 'meta_dir', join(home, 'meta'));
if (!existsSync(metaDir)) fail(`meta dir ${metaDir} does not exist, will exit`);
holdPidFile(join(startedDir('PID_DIR', join(home, 'bin')), 'fe.pid'), { newline: false });

const release = readRelease(home);
const pace = createPace(confNumber(conf, 'sandbox_speed', 1));
if (release.flaw?.kind === 'never-starts') await endAsBroken();
if (release.flaw?.kind === 'port-taken')
  fail(`edit_log_port ${confNumber(conf, 'edit_log_port', 9010)} is already in use. will exit.`);
if (release.flaw?.kind === 'never-alive') await waitForEver();

const hostType = values.host_type === 'FQDN' ? 'FQDN' : 'IP';
await startFrontend({
  home,
  conf,
  log,
  metaDir,
  release,
  helper: values.helper ?? null,
  hostType,
  fail,
});

function fail(message: string): never {
  log('ERROR', message);
  process.stderr.write(`${message}\n`);
  process.exit(255);
}

/** A release that misses a class: the exception is in fe.log and fe.out some seconds after the script said nothing. */
async function endAsBroken(): Promise<never> {
  log('INFO', `StarRocks FE starting, version: ${release.text}`);
  await sleep(pace.ms(3000));
  const reason = 'java.lang.NoClassDefFoundError: com/starrocks/server/GlobalStateMgr';
  log('ERROR', `StarRocksFE start failed\n${reason}\n\tat com.starrocks.StarRocksFE.start(StarRocksFE.java)`);
  process.stderr.write(`${formatTime(Date.now())} StarRocksFE start failed: ${reason}\n`);
  process.exit(255);
}

/** A release that never gets through its metadata: no port opens, and the group does not hear of it. */
async function waitForEver(): Promise<never> {
  for (;;) {
    log('INFO', 'wait for the metadata to be ready. FE type: INIT. is ready: false');
    await sleep(pace.atLeast(2000, 200));
  }
}
