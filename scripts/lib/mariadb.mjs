import { createHash, randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { findExecutable, howToInstall, requireProgram } from './programs.mjs';
import { runProgram } from './run-program.mjs';
import { Told } from './say.mjs';
import { startServer } from './server.mjs';

/** The account may do everything in this database and in those whose name begins like it, and nothing elsewhere. */
export const databaseName = 'starwarden';

/**
 * MySQL wants the directory that it was built to read and write files in, and ends where it is missing: as with the package
 * that has the server alone. We want none. The X protocol would take a port of its own.
 */
const mysqlArguments = ['--secure-file-priv=NULL', '--mysqlx=OFF'];

/**
 * A MariaDB (or MySQL 8) server of our own: own files, own port on 127.0.0.1, own account with a password that only this
 * process knows.
 *
 * @param {{ dir: string, cacheDir: string, fast: boolean }} options `fast` gives up durability, for tests
 * @returns {Promise<{ server: import('./server.mjs').Server, url: string }>}
 */
export async function startMariadb({ dir, cacheDir, fast }) {
  const program = requireProgram('mariadb');
  const version = (await runProgram(program, ['--no-defaults', '--version'])).trim();
  const flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  const dataDir = join(dir, 'data');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await mkdir(join(dir, 'tmp'), { recursive: true, mode: 0o700 });
  if (!existsSync(dataDir)) await copyTemplate({ program, version, flavour, dataDir, cacheDir });

  const password = randomBytes(18).toString('base64url');
  const initFile = join(dir, 'init.sql');
  const server = await startServer({
    name: 'MariaDB',
    program,
    dir,
    logFile: join(dir, 'server.log'),
    pidFile: join(dir, 'server.pid'),
    readyWithinMs: 60_000,
    prepare: async (port) => {
      await writeFile(initFile, accountStatements(password), { mode: 0o600 });
      return [...commonArguments(dataDir), ...serverArguments({ dir, port, initFile, flavour, fast })];
    },
    isReady: async (port, logged) => logged.includes('ready for connections') && (await greets(port)),
    afterReady: () => rm(initFile),
  });
  return { server, url: `mysql://${databaseName}:${password}@127.0.0.1:${server.port}/${databaseName}` };
}

/**
 * Making an empty data directory takes seconds, copying one a fraction of that.
 *
 * @param {{ program: string, version: string, flavour: string, dataDir: string, cacheDir: string }} options
 */
async function copyTemplate({ program, version, flavour, dataDir, cacheDir }) {
  const template = join(cacheDir, `${flavour}-${createHash('sha256').update(version).digest('hex').slice(0, 12)}`);
  if (!existsSync(template)) await makeTemplate({ program, flavour, template, cacheDir });
  // Renamed when complete: a copy that was interrupted must not be taken for a data directory.
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(template, unfinished, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await rename(unfinished, dataDir);
}

/** @param {{ program: string, flavour: string, template: string, cacheDir: string }} options */
async function makeTemplate({ program, flavour, template, cacheDir }) {
  await mkdir(cacheDir, { recursive: true });
  const unfinished = await mkdtemp(join(cacheDir, 'unfinished-'));
  try {
    const dataDir = join(unfinished, 'data');
    if (flavour === 'mariadb') await installMariadb(dataDir);
    else await runProgram(program, [...commonArguments(dataDir), ...mysqlArguments, '--initialize-insecure']);
    await rm(join(dataDir, 'auto.cnf'), { force: true }); // the identity of a MySQL server; every copy makes its own
    await rename(dataDir, template);
  } catch (error) {
    if (!existsSync(template)) throw error; // otherwise another process was faster, and its template is as good
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** @param {string} dataDir */
async function installMariadb(dataDir) {
  const installer = findExecutable(['mariadb-install-db']);
  if (installer === null) throw new Told('Not found: mariadb-install-db.', howToInstall(['mariadb']));
  await runProgram(installer, [
    ...commonArguments(dataDir),
    `--tmpdir=${dataDir}`, // a starting server removes temporary tables it finds: not those of others in /tmp
    '--auth-root-authentication-method=socket', // the other method makes accounts without a password
    '--skip-test-db',
    '--skip-name-resolve',
    '--innodb-log-file-size=8M',
  ]);
}

/** @param {string} dataDir */
function commonArguments(dataDir) {
  // The server refuses to be root unless told so by name.
  return ['--no-defaults', `--datadir=${dataDir}`, `--user=${userInfo().username}`];
}

/** @param {{ dir: string, port: number, initFile: string, flavour: string, fast: boolean }} options */
function serverArguments({ dir, port, initFile, flavour, fast }) {
  return [
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    // Relative to the data directory: a full path could be longer than the 107 bytes that a socket's name may have.
    '--socket=server.sock',
    `--pid-file=${join(dir, 'server.pid')}`,
    `--init-file=${initFile}`,
    // A server removes what looks like temporary tables of an earlier one at its start: never share the directory.
    `--tmpdir=${join(dir, 'tmp')}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    '--local-infile=OFF',
    '--character-set-server=utf8mb4',
    '--max-connections=300',
    '--max-allowed-packet=64M',
    '--innodb-buffer-pool-size=64M',
    '--key-buffer-size=1M',
    '--performance-schema=OFF',
    ...(flavour === 'mysql' ? mysqlArguments : ['--innodb-log-file-size=8M']),
    ...(fast ? ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--innodb-fast-shutdown=2'] : []),
  ];
}

/**
 * One statement a line, as an init file must have it. Root gets a password nobody knows.
 *
 * @param {string} password
 */
function accountStatements(password) {
  const account = `'${databaseName}'@'127.0.0.1'`;
  return [
    `ALTER USER 'root'@'localhost' IDENTIFIED BY '${randomBytes(18).toString('base64url')}';`,
    `CREATE DATABASE IF NOT EXISTS ${databaseName} CHARACTER SET utf8mb4;`,
    `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';`,
    `ALTER USER ${account} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON \`${databaseName}\`.* TO ${account};`,
    `GRANT ALL PRIVILEGES ON \`${databaseName}\\_%\`.* TO ${account};`,
    '',
  ].join('\n');
}

/**
 * Whether a server sends the first packet of the MySQL protocol (version 10) on that port.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function greets(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 2000 });
    socket.once('data', (packet) => {
      resolve(packet[4] === 10);
      socket.destroy();
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
