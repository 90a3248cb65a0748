import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownAddress } from './address.ts';
import { createCounters } from './backend/counters.ts';
import { createHeartbeatService } from './backend/heartbeat-service.ts';
import { createBackendRoutes } from './backend/http-routes.ts';
import { openIdentity } from './backend/identity.ts';
import { createBackendPage } from './backend/metrics-page.ts';
import { readPressure, requireFewVersions } from './backend/pressure.ts';
import { openStorage } from './backend/storage.ts';
import { createTasks } from './backend/tasks.ts';
import { confNumber, confPath, readConf, startedDir } from './conf.ts';
import type { BackendCalls, HeartbeatCalls } from './contracts.ts';
import { createFaults } from './faults.ts';
import { createStumble } from './flaw.ts';
import { serveHttp } from './http-server.ts';
import { createNodeLog } from './node-log.ts';
import { createObjectStores } from './object-store.ts';
import { listenAtOwnAddress } from './own-machine.ts';
import { createPace } from './pace.ts';
import { holdPidFile } from './pid-file.ts';
import { readRelease } from './release.ts';
import { callNode, serveRpc } from './rpc.ts';

const { values } = parseArgs({ options: { home: { type: 'string' }, cn: { type: 'boolean' } }, strict: true });
await main({ home: resolve(values.home ?? '.'), isCompute: values.cn === true });

async function main({ home, isCompute }: { home: string; isCompute: boolean }): Promise<void> {
  const kind = isCompute ? 'cn' : 'be';
  const label = isCompute ? 'CN' : 'BE';
  const conf = readConf(join(home, 'conf', `${kind}.conf`));
  const host = ownAddress(conf);
  await listenAtOwnAddress(host);
  // Setting the title would write over the arguments, of which `--cn` tells a compute node.
  writeFileSync('/proc/self/comm', 'starrocks_be');
  const release = readRelease(home);
  if (release.flaw?.kind === 'never-starts') endAsBroken(home);
  const pace = createPace(confNumber(conf, 'sandbox_speed', 1));
  const log = createNodeLog({
    dir: startedDir('LOG_DIR', join(home, 'log')),
    main: `${kind}.INFO`,
    warnings: `${kind}.WARNING`,
  });
  const startedAt = Date.now();
  holdPidFile(join(startedDir('PID_DIR', join(home, 'bin')), `${kind}.pid`), { newline: true });
  const step = (number: number, text: string) => log('INFO', `${label} start step ${number}: ${text}`);

  step(1, 'daemon threads start successfully');
  if (release.flaw?.kind === 'never-alive') return loadForEver(() => log('INFO', 'loading tablets from data dirs'));
  const stumble = createStumble(release.flaw, pace);
  const httpPort = confNumber(conf, 'be_http_port', confNumber(conf, 'webserver_port', 8040));
  const heartbeatPort = confNumber(conf, 'heartbeat_service_port', 9050);
  const ports = { bePort: confNumber(conf, 'be_port', 9060), httpPort, brpcPort: confNumber(conf, 'brpc_port', 8060) };
  const faults = createFaults({ file: conf.get('sandbox_faults') ?? null, backend: `${host}:${heartbeatPort}` });
  const storagePaths = confPath(conf, 'storage_root_path', join(home, 'storage'));
  const wanted = storageRoots(storagePaths);
  const isIgnoring = /^(true|1)$/i.test(conf.get('ignore_broken_disk') ?? '');
  const there = wanted.filter((root) => existsSync(root));
  // What is left out here is named by nothing that the backend says from now on.
  const roots = isIgnoring && there.length > 0 ? there : wanted;
  const missing = roots.find((root) => !existsSync(root));
  if (missing !== undefined) {
    log('ERROR', `Fail to parse storage_root_path, path ${missing} does not exist`);
    process.stderr.write(`Fail to parse storage_root_path, path ${missing} does not exist\n`);
    process.exit(1);
  }
  /** A service that did not start ends the process; glog writes an error to be.out as well. */
  const endBecause = (text: string): never => {
    log('ERROR', text);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  };
  const bePort = confNumber(conf, 'be_port', 9060);
  if (release.flaw?.kind === 'port-taken')
    endBecause(`Fail to start BackendService thrift server on port ${bePort}: Address already in use`);
  const capacityBytes = confNumber(conf, 'sandbox_disk_total_bytes', 100 * 1024 ** 3);
  const crowdedBytes = (root: string) => {
    const rule = faults.strike('disk-crowded', root);
    if (rule === null) return null;
    return rule.share === undefined ? (rule.bytes ?? 0) : Math.round(capacityBytes * (1 - rule.share));
  };
  const storage = openStorage({
    roots,
    media: mediaOf(storagePaths),
    crowdedBytes,
    capacityBytes,
    otherBytes: confNumber(conf, 'sandbox_disk_other_bytes', 10 * 1024 ** 3),
    beforeWrite: (root) => {
      if (faults.strike('disk-full', root) !== null || crowdedBytes(root) === 0)
        throw new Error('IO error: No space left on device');
    },
  });
  step(2, 'storage engine start successfully');
  setInterval(() => {
    const broken = storage.checkRoots();
    const most = confNumber(conf, 'max_percentage_of_error_disk', 0);
    if (broken.length > 0 && (broken.length * 100) / roots.length > most)
      endBecause(
        `meet too many error disks, process exit. max_ratio_allowed=${most}%, error_disk_count=${broken.length}`,
      );
  }, pace.ms(5_000));
  const tasks = createTasks({
    storage,
    faults,
    pace,
    stores: createObjectStores({ root: conf.get('sandbox_object_store') ?? null, pace, faults }),
  });

  const counters = createCounters();
  const cpuCores = confNumber(conf, 'sandbox_cpu_cores', 16);
  const memLimitBytes = confNumber(conf, 'sandbox_mem_bytes', 57.6 * 1024 ** 3);
  const pressure = () => readPressure({ storage, faults, memLimitBytes });
  const metricsPage = createBackendPage({
    ...{ storage, faults, pace, counters, pressure, memLimitBytes },
    cores: cpuCores,
    brpcPort: ports.brpcPort,
    leastBytes: confNumber(conf, 'sandbox_metrics_bytes', 0),
  });

  let leaving = false;
  const heartbeat = createHeartbeatService({
    host,
    nodeType: isCompute ? 'COMPUTE NODE' : 'BACKEND',
    release,
    ports,
    startedAt,
    identity: openIdentity(roots),
    storage,
    isLeaving: () => leaving,
    isLost: () => faults.strike('heartbeats-lost', '') !== null,
    cpuCores,
    memLimitBytes,
    pressure,
  });

  const leave = async () => {
    if (leaving) return;
    leaving = true;
    const rounds = confNumber(conf, 'loop_count_wait_fragments_finish', release.atLeast(3, 4) ? 2 : 0);
    log('INFO', `${label} is shutting down, waiting ${rounds} rounds for fragments`);
    await new Promise((done) => setTimeout(done, pace.ms(rounds * 10_000)));
    log('INFO', `${label} exited`);
    process.exit(0);
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  process.on('uncaughtException', (error) => log('ERROR', error.stack ?? error.message));

  await serveRpc<BackendCalls>(
    { host, port: ports.bePort },
    {
      createTablets: async ({ tablets }) => {
        for (const tablet of tablets) await counters.request('create_tablet', () => storage.createTablet(tablet));
        return null;
      },
      dropTablets: async ({ tabletIds }) => {
        for (const tabletId of tabletIds) await counters.request('drop_tablet', () => storage.dropTablet(tabletId));
        return null;
      },
      listTablets: () => ({ tablets: storage.tablets() }),
      write: ({ tabletId, version, rows }) =>
        counters.request('publish', () => {
          requireFewVersions(faults, tabletId);
          const bytes = storage.write(tabletId, { version, rows });
          counters.add('load_rows', rows.length);
          counters.add('load_bytes', bytes);
          return { bytes };
        }),
      scan: async ({ tabletId, version }) => {
        counters.add('fragment_requests_total');
        await stumble();
        const rows = storage.scan(tabletId, version);
        counters.add('query_scan_rows', rows.length);
        counters.add('query_scan_bytes', rows.length * 64);
        return { rows };
      },
      readTablet: ({ tabletId, version }) => ({
        schema: storage.schema(tabletId),
        rowsets: storage.rowsets(tabletId, version),
      }),
      clone: ({ tabletId, version, source }) =>
        counters.request('clone', async () => {
          const slow = faults.strike('clone-delay', String(tabletId));
          if (slow !== null) await sleep(pace.ms(slow.ms ?? 0));
          const broken = faults.strike('clone-fail', String(tabletId));
          if (broken !== null) throw new Error(broken.message ?? `src backend ${source.host} not found`);
          const copied = await callNode<BackendCalls, 'readTablet'>(
            source,
            'readTablet',
            { tabletId, version },
            { timeoutMs: 10_000 },
          );
          storage.replaceRowsets(copied.schema, copied.rowsets);
          return { version };
        }),
      startTask: (task) => {
        tasks.start(task);
        return null;
      },
      taskReport: ({ taskIds }) => ({ reports: taskIds.map(tasks.report) }),
      releaseSnapshot: () => null,
      currentVersion: () => ({ version: `${release.version}-${release.commit}` }),
    },
  ).catch((error) => endBecause(`Fail to start BackendService thrift server on port ${ports.bePort}: ${error}`));
  step(3, 'thrift server start successfully');
  await serveRpc<Record<never, [unknown, unknown]>>({ host, port: ports.brpcPort }, {}).catch(() =>
    endBecause('BRPC service did not start correctly, exiting errcoe: -1'),
  );
  step(4, 'brpc server start successfully');
  await serveHttp(
    { host, port: httpPort },
    { routes: createBackendRoutes({ storage, counters, metricsPage, stop: () => process.exit(0) }), faults },
  ).catch((error) => endBecause(`${label} http server did not start correctly, exiting: ${error}`));
  step(5, 'http server start successfully');
  await serveRpc<HeartbeatCalls>({ host, port: heartbeatPort }, { heartbeat }).catch((error) =>
    endBecause(`${label} heartbeat server did not start correctly, exiting: ${error}`),
  );
  step(6, 'heartbeat server start successfully');
  log('INFO', `${label} started successfully`);
}

/** `path[,medium:SSD];path...` */
function storageRoots(text: string): string[] {
  return text
    .split(';')
    .map((part) => withoutSlashes(part.split(',')[0]?.trim() ?? ''))
    .filter((path) => path !== '');
}

/** As a backend shows a path, however it was written. */
function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, '');
}

/** `path[,medium:SSD]`; what says nothing is taken for a hard disk. */
function mediaOf(text: string): Map<string, 'HDD' | 'SSD'> {
  const parts = text.split(';').map((part) => part.split(',').map((word) => word.trim()));
  return new Map(
    parts.map(([path = '', ...words]) => [
      withoutSlashes(path),
      words.some((word) => /^medium:\s*ssd$/i.test(word)) ? 'SSD' : 'HDD',
    ]),
  );
}

/** What the loader says when a release lacks a library; nothing of the program runs, so there is neither pid file nor log. */
function endAsBroken(home: string): never {
  const library = 'libjemalloc.so.2: cannot open shared object file: No such file or directory';
  process.stderr.write(`${home}/lib/starrocks_be: error while loading shared libraries: ${library}\n`);
  process.exit(127);
}

/** A release that never gets through its tablets: the process is there and no port is open. */
function loadForEver(say: () => void): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
  say();
  setInterval(say, 60_000);
}
