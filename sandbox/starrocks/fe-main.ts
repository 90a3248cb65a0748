import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { confPath, readConf } from './conf.ts';
import { startFrontend } from './frontend/start.ts';
import { createNodeLog } from './node-log.ts';
import { holdPidFile } from './pid-file.ts';
import { readRelease } from './release.ts';

/** A frontend in the foreground: `fe-main.ts --home <STARROCKS_HOME> [--helper host:9010] [--host_type IP|FQDN]`. */
const { values } = parseArgs({
  options: { home: { type: 'string' }, helper: { type: 'string' }, host_type: { type: 'string' } },
  strict: true,
});
process.title = 'java';

const home = resolve(values.home ?? '.');
const conf = readConf(join(home, 'conf', 'fe.conf'));
const log = createNodeLog({
  dir: confPath(conf, 'LOG_DIR', { fallback: join(home, 'log'), home }),
  main: 'fe.log',
  warnings: 'fe.warn.log',
});
process.on('uncaughtException', (error) => log('ERROR', error.stack ?? error.message));
process.on('unhandledRejection', (error) => log('ERROR', error instanceof Error ? (error.stack ?? '') : String(error)));

const metaDir = confPath(conf, 'meta_dir', { fallback: join(home, 'meta'), home });
if (!existsSync(metaDir)) fail(`meta dir ${metaDir} does not exist, will exit`);
holdPidFile(join(confPath(conf, 'PID_DIR', { fallback: join(home, 'bin'), home }), 'fe.pid'), { newline: false });

const hostType = values.host_type === 'FQDN' ? 'FQDN' : 'IP';
await startFrontend({
  home,
  conf,
  log,
  metaDir,
  release: readRelease(home),
  helper: values.helper ?? null,
  hostType,
  fail,
});

function fail(message: string): never {
  log('ERROR', message);
  process.stderr.write(`${message}\n`);
  process.exit(255);
}
