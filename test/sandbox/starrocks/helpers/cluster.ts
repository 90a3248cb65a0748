import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { patienceMs } from '../../../../sandbox/patience.ts';
import type { Flaw } from '../../../../sandbox/starrocks/flaw.ts';
import { type NodeKind, spawnNode } from '../../../../sandbox/starrocks/spawn.ts';
import { type Client, connectTo, type Row } from './client.ts';

export type TestNode = {
  kind: NodeKind;
  address: string;
  home: string;
  start(...args: string[]): void;
  /** Sends the signal and resolves with the exit code (null after a kill) when the process is gone. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  pause(): void;
  resume(): void;
  setVersion(version: string, flaw?: Flaw): void;
  log(): string;
};

export type TestCluster = {
  dir: string;
  frontends: TestNode[];
  backends: TestNode[];
  /** The directory that plays the object stores; a bucket is a directory in it. */
  storeDir: string;
  setFaults(rules: object[]): void;
  connect(frontend?: TestNode, login?: { user?: string; password?: string; database?: string }): Promise<Client>;
  http(frontend: TestNode, path: string): Promise<{ status: number; body: string }>;
  /** All nodes, those that were added later too. */
  nodes(): readonly TestNode[];
  /** The frontend that says it is the leader, waited for. */
  leader(): Promise<TestNode>;
  addNode(kind: NodeKind, conf?: Record<string, string | number>): TestNode;
  statements(): { frontend: string; user: string; text: string }[];
  stop(): Promise<void>;
};

type Options = {
  version?: string;
  frontends?: number;
  backends?: number;
  speed?: number;
  conf?: Record<string, string | number>;
};

const commits: Record<string, string> = { '3.5.0': '48f4d81' };

/**
 * A cluster of stand-in processes on a free block of loopback addresses, with their default ports: each frontend needs
 * an address of its own. Resolves when all nodes are alive.
 */
export async function startCluster(options: Options = {}): Promise<TestCluster> {
  const { version = '3.5.0', frontends = 1, backends = 3, speed = 20 } = options;
  const dir = mkdtempSync(join(tmpdir(), 'starrocks-'));
  const storeDir = join(dir, 'stores');
  const faultFile = join(dir, 'faults.json');
  const statementLog = join(dir, 'statements.jsonl');
  mkdirSync(join(storeDir, 'backups'), { recursive: true });
  const block = await freeBlock();
  const nodes: TestNode[] = [];
  const clients: Client[] = [];
  const common = {
    sandbox_speed: speed,
    sandbox_object_store: storeDir,
    sandbox_faults: faultFile,
    sandbox_statement_log: statementLog,
    ...options.conf,
  };
  const addNode = (kind: NodeKind, conf: Record<string, string | number> = {}): TestNode => {
    const address = `${block}.${nodes.length + 1}`;
    const node = prepareNode({ kind, address, dir, version, conf: { ...common, sandbox_address: address, ...conf } });
    nodes.push(node);
    return node;
  };
  const first = addNode('fe');
  const cluster: TestCluster = {
    dir,
    frontends: [first, ...Array.from({ length: frontends - 1 }, () => addNode('fe'))],
    backends: Array.from({ length: backends }, () => addNode('be')),
    storeDir,
    setFaults: (rules) => writeFileSync(faultFile, JSON.stringify(rules)),
    connect: async (frontend = first, login = {}) => {
      const client = await connectTo(frontend.address, login);
      clients.push(client);
      return client;
    },
    http: async (node, path) => {
      const response = await fetch(`http://${node.address}:${node.kind === 'fe' ? 8030 : 8040}${path}`);
      return { status: response.status, body: await response.text() };
    },
    nodes: () => nodes,
    leader: () => findLeader(cluster),
    addNode,
    statements: () => readLines(statementLog),
    stop: async () => {
      for (const client of clients) client.close();
      await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  try {
    await form(cluster);
  } catch (error) {
    const logs = nodes.map((node) => `--- ${node.address}\n${node.log()}`).join('\n');
    await cluster.stop();
    throw new Error(`cluster did not come up: ${logs}`, { cause: error });
  }
  return cluster;
}

async function form({ frontends, backends, connect }: TestCluster): Promise<void> {
  const [first, ...others] = frontends;
  if (!first) throw new Error('a cluster has a frontend');
  first.start();
  for (const backend of backends) backend.start();
  const sql = await untilValue(() => connect(first).catch(() => null), 'first frontend answers');
  for (const one of others) {
    await sql.query(`ALTER SYSTEM ADD FOLLOWER "${one.address}:9010"`);
    one.start('--helper', `${first.address}:9010`);
  }
  for (const { address } of backends) await sql.query(`ALTER SYSTEM ADD BACKEND "${address}:9050"`);
  await until(
    async () => [...(await sql.query('SHOW BACKENDS')), ...(await sql.query('SHOW FRONTENDS'))].every(isAlive),
    'all alive',
  );
}

export function isAlive(row: Row): boolean {
  return row.Alive === 'true';
}

async function findLeader({ frontends, http }: TestCluster): Promise<TestNode> {
  return untilValue(async () => {
    for (const frontend of frontends) {
      const answer = await http(frontend, '/api/show_meta_info?action=SHOW_HA').catch(() => null);
      if (answer && JSON.parse(answer.body).role === 'LEADER') return frontend;
    }
    return null;
  }, 'a leader');
}

type Prepared = {
  kind: NodeKind;
  address: string;
  dir: string;
  version: string;
  conf: Record<string, string | number>;
};

function prepareNode({ kind, address, dir, version, conf }: Prepared): TestNode {
  const home = join(dir, address);
  for (const name of ['bin', 'conf', 'lib', 'log', kind === 'fe' ? 'meta' : 'storage'])
    mkdirSync(join(home, name), { recursive: true });
  const lines = Object.entries(conf).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(join(home, 'conf', `${kind}.conf`), lines.join(''));
  let child: ChildProcess | null = null;
  let exit: Promise<number | null> = Promise.resolve(null);
  const node: TestNode = {
    kind,
    address,
    home,
    start(...args) {
      const started = spawnNode({ kind, home, args });
      child = started;
      exit = new Promise((resolve) => started.once('exit', (code) => resolve(code)));
    },
    async stop(signal) {
      if (child?.exitCode === null && child.signalCode === null) child.kill(signal);
      return exit;
    },
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    setVersion: (next, flaw) => {
      const release = { version: next, commit: commits[next] ?? 'abcdef0', flaw };
      writeFileSync(join(home, 'lib', 'starrocks-release.json'), JSON.stringify(release));
    },
    log: () =>
      ['fe.log', 'be.INFO', 'cn.INFO', `${kind}.out`].map((name) => readIfThere(join(home, 'log', name))).join(''),
  };
  node.setVersion(version);
  return node;
}

/** A 127.a.b.0/24 that nobody listens in: bound addresses are found by trying the frontend's port on the first one. */
async function freeBlock(): Promise<string> {
  while (true) {
    const block = `127.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 250)}`;
    const free = await Promise.all([1, 2, 3, 4].map((last) => canListen(`${block}.${last}`)));
    if (free.every(Boolean)) return block;
  }
}

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(9030, host, () => probe.close(() => resolve(true)));
  });
}

export async function until(
  condition: () => Promise<boolean> | boolean,
  what: string,
  timeoutMs = patienceMs,
): Promise<void> {
  await untilValue(async () => ((await condition()) ? true : null), what, timeoutMs);
}

export async function untilValue<T>(
  read: () => Promise<T | null> | T | null,
  what: string,
  timeoutMs = patienceMs,
): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(15)) {
    const value = await read();
    if (value !== null) return value;
  }
  throw new Error(`waited ${timeoutMs} ms for: ${what}`);
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function readLines(file: string) {
  return readIfThere(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
