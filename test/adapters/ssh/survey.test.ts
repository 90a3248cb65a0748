import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadCommand, ShellReader } from '../../../src/adapters/ssh/port.ts';
import { surveyHosts, surveyMachine } from '../../../src/adapters/ssh/survey-host.ts';
import type { MachineSurvey, SurveyQuestion } from '../../../src/domain/deploy/host-survey.ts';
import { AppError } from '../../../src/errors.ts';
import { Installed, removeArchives } from '../../sandbox/releases/installed.ts';
import { runLocally } from './release-fixture.ts';

const nothing: SurveyQuestion = { paths: [], javaHomes: [] };

/** This machine, by the shell that is given; what was sent is kept. */
function here(options: Parameters<typeof runLocally>[1] = {}) {
  const sent: ReadCommand[] = [];
  const shell: ShellReader = {
    run: (command) => {
      sent.push(command);
      return runLocally(command, options);
    },
  };
  return { shell, sent };
}

async function survey(question = nothing, options: Parameters<typeof runLocally>[1] = {}): Promise<MachineSurvey> {
  return surveyMachine(here(options).shell, question, { signal: AbortSignal.timeout(20_000) });
}

describe('a machine', () => {
  it.each(['dash', 'bash'])('is described by %s from what it says of itself', async (shell) => {
    const found = await survey(nothing, { shell });
    expect(found.user).toBe(userInfo().username);
    expect(found.missingTools).toEqual([]);
    expect(found.architecture).toEqual({ value: expect.stringMatching(/^\w+$/) });
    expect(found.cpuCores).toEqual({ value: expect.any(Number) });
    expect(found.memoryBytes).toEqual({ value: expect.any(Number) });
    expect(found.openFiles).toEqual({ value: { soft: expect.any(Number), hard: expect.any(Number) } });
    expect(found.userProcesses).toEqual({ value: { soft: expect.any(Number), hard: expect.any(Number) } });
    for (const [name, value] of found.kernel) {
      const file = `/proc/sys/${name.replaceAll('.', '/')}`;
      const there = existsSync(file) ? { value: Number(readFileSync(file, 'utf8')) } : { unknown: expect.any(String) };
      expect(value, name).toEqual(there);
    }
    expect(Math.abs('value' in found.clock ? found.clock.value.aheadMs : Infinity)).toBeLessThan(5_000);
  });

  it('is asked in few sessions, whatever is asked and however many nodes it has', async () => {
    const { shell, sent } = here();
    const paths = ['/', '/tmp', '/nowhere', '/nowhere/at/all'];
    await surveyMachine(shell, { paths, javaHomes: ['/a', '/b'] }, { signal: AbortSignal.timeout(20_000) });
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  it('without tools tells what it can, names what is missing, and calls the rest unknown', async () => {
    const bin = await mkdtemp(join(tmpdir(), 'starwarden-bin-'));
    try {
      for (const tool of ['id', 'uname', 'date']) await symlink(`/usr/bin/${tool}`, join(bin, tool));
      const found = await survey({ paths: ['/tmp'], javaHomes: [] }, { shell: '/bin/sh', environment: { PATH: bin } });
      expect(found.user).toBe(userInfo().username);
      expect(found.missingTools).toEqual(expect.arrayContaining(['tar', 'bash', 'df', 'tr']));
      expect(found.nodes).toEqual({ unknown: expect.stringContaining('tr') });
      expect(found.memoryBytes).toEqual({ value: expect.any(Number) });
      expect(found.listening).toEqual({ value: expect.any(Array) });
      expect(found.paths.get('/tmp')).toMatchObject({
        value: { exists: true, isWritable: true, freeBytes: { unknown: expect.any(String) } },
      });
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it('shows the ports that something listens on, by IPv4 and IPv6', async () => {
    const servers = ['127.0.0.9', '::1'].map((address) => createServer().listen(0, address));
    try {
      await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
      const wanted = servers.map((server) => {
        const bound = server.address();
        if (bound === null || typeof bound === 'string') throw new Error('no port');
        return { address: bound.address, port: bound.port };
      });
      const { listening } = await survey();
      expect('value' in listening ? listening.value : []).toEqual(expect.arrayContaining(wanted));
    } finally {
      for (const server of servers) server.close();
    }
  });
});

describe('directories', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'starwarden-survey-'));
    await mkdir(join(dir, 'empty it is'));
    await mkdir(join(dir, 'fresh/lost+found'), { recursive: true });
    await mkdir(join(dir, 'full/.hidden'), { recursive: true });
    await writeFile(join(dir, 'file'), '');
    await symlink('/gone', join(dir, 'dangling'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it.each([
    ['empty it is', { exists: true, isDirectory: true, isEmpty: true, isWritable: true }],
    ['fresh', { exists: true, isDirectory: true, isEmpty: true, isWritable: true }],
    ['full', { exists: true, isDirectory: true, isEmpty: false, isWritable: true }],
    ['file', { exists: true, isDirectory: false, isEmpty: null, isWritable: false }],
    ['dangling', { exists: true, isDirectory: false, isEmpty: null, isWritable: false }],
    ['not/there/yet', { exists: false, isDirectory: null, isEmpty: null, isWritable: true }],
  ])('as "%s" are told by what they hold and whether they can be made', async (name, wanted) => {
    const path = join(dir, name);
    const { paths } = await survey({ paths: [path], javaHomes: [] });
    expect(paths.get(path)).toMatchObject({ value: { ...wanted, mount: expect.any(String) } });
  });

  it('behind a file are unknown', async () => {
    const path = join(dir, 'file/below');
    const { paths } = await survey({ paths: [path], javaHomes: [] });
    expect(paths.get(path)).toEqual({ unknown: expect.stringContaining('no directory') });
  });
});

describe('nodes on a machine', () => {
  let installed: Installed;
  const pids: number[] = [];
  beforeAll(async () => {
    installed = await Installed.unpack('3.4.6');
    await installed.configure('fe', `edit_log_port = 19010\nmeta_dir = \${STARROCKS_HOME}/fe-meta`);
    await installed.configure('be', 'be_http_port = 18040\nstorage_root_path = /data1,medium:SSD;/data2/');
    await installed.configure('cn', 'thrift_port = 19060');
    for (const kind of ['fe', 'be', 'cn'] as const) pids.push(await installed.start(kind));
  });
  afterAll(async () => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await installed.remove();
    await removeArchives();
  });

  it('listen where they do when their files are read, also if they began to a moment before', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'starwarden-late-'));
    // It listens somewhere from the beginning, or it might be a node of any machine that a test pretends.
    await writeFile(
      join(dir, 'node.mjs'),
      `import { writeFileSync } from 'node:fs'; import { createServer } from 'node:net';
      const at = (host, then) => createServer().listen({ host, port: 0 }, then);
      process.on('SIGUSR2', () => at('127.0.0.9', () => writeFileSync('${dir}/late', '')));
      at('127.0.0.1', () => { writeFileSync('/proc/self/comm', 'starrocks_be'); writeFileSync('${dir}/early', ''); });`,
    );
    const node = spawn(process.execPath, [join(dir, 'node.mjs'), `${dir}/lib/starrocks_be`], { stdio: 'ignore' });
    try {
      await expect.poll(() => existsSync(join(dir, 'early')), { timeout: 10_000 }).toBe(true);
      const list = `if [ "$*" = "-l /proc/${node.pid}/fd" ]; then kill -USR2 ${node.pid}; until [ -e ${dir}/late ]; do sleep 0.05; done; fi`;
      await writeFile(join(dir, 'ls'), `#!/bin/sh\n${list}\nexec /bin/ls "$@"\n`, { mode: 0o755 });
      const found = await survey(nothing, { environment: { PATH: `${dir}:${process.env.PATH}` } });
      const seen = found.visibleNodes.find(({ pid }) => pid === node.pid);
      expect(seen?.boundTo).toEqual({ value: expect.arrayContaining(['127.0.0.1', '127.0.0.9']) });
    } finally {
      node.kill('SIGKILL');
      await rm(dir, { recursive: true });
    }
  });

  it('are found by their processes, with what their conf files say', async () => {
    const { visibleNodes, nodes } = await survey();
    expect('value' in nodes ? nodes.value : []).toEqual(visibleNodes);
    const ours = pids.map((pid) => visibleNodes.find((node) => node.pid === pid));
    const common = { user: userInfo().username, unit: { value: null }, boundTo: { value: ['127.0.0.1'] } };
    const [fe, be] = [installed.home('fe'), installed.home('be')];
    expect(ours).toMatchObject([
      { ...common, kind: 'FRONTEND', deployDir: { value: fe }, dataDirs: { value: [`${fe}/fe-meta`] } },
      { ...common, kind: 'BACKEND', deployDir: { value: be }, dataDirs: { value: ['/data1', '/data2'] } },
      { ...common, kind: 'COMPUTE_NODE', deployDir: { value: be }, dataDirs: { value: [`${be}/storage`] } },
    ]);
    expect(ours[0]?.ports.get('edit_log_port')).toEqual({ value: 19010 });
    expect(ours[0]?.ports.get('query_port')).toEqual({ value: 9030 });
    expect(ours[1]?.ports.get('be_http_port')).toEqual({ value: 18040 });
    expect(ours[2]?.ports.get('be_port')).toEqual({ value: 19060 });
  });

  it('are read by either name of a setting that has two, and not where both are given', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'starwarden-conf-'));
    const portWith = async (conf: string) => {
      await writeFile(join(dir, 'conf/be.conf'), conf);
      const { places } = await survey({ ...nothing, places: [{ kind: 'BACKEND', deployDir: dir }] });
      return places[0]?.ports.get('be_http_port');
    };
    try {
      await mkdir(join(dir, 'conf'));
      expect(await portWith('webserver_port = 18041\n')).toEqual({ value: 18041 });
      expect(await portWith('')).toEqual({ value: 8040 });
      expect(await portWith('webserver_port = 1\nbe_http_port = 2\n')).toEqual({ unknown: expect.any(String) });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('that may be down have what their conf files say too', async () => {
    const place = { kind: 'FRONTEND', deployDir: installed.home('fe') } as const;
    const { places } = await survey({ ...nothing, places: [place, { kind: 'BACKEND', deployDir: '/nowhere' }] });
    expect(places).toMatchObject([
      { ...place, dataDirs: { value: [`${place.deployDir}/fe-meta`] } },
      { kind: 'BACKEND', dataDirs: { unknown: expect.stringContaining('/nowhere') } },
    ]);
  });
});

it('asks several hosts at the same time, and a slow one delays none of the others', async () => {
  const slow = Promise.withResolvers<never>();
  const finished: string[] = [];
  const asked = surveyHosts(
    ['quick', 'gone', 'slow'].map((address) => ({ hostId: `hst_${address}`, address })),
    () => nothing,
    {
      signal: AbortSignal.timeout(20_000),
      shell: async (hostId) => {
        if (hostId === 'hst_gone') throw new AppError('SSH_UNREACHABLE', 'gone does not answer');
        if (hostId !== 'hst_slow') return here().shell;
        return { run: () => slow.promise };
      },
    },
  );
  const quick = surveyMachine(here().shell, nothing, { signal: AbortSignal.timeout(20_000) });
  await quick.then(() => finished.push('quick'));
  slow.reject(new AppError('TIMEOUT', 'slow took longer than 20 s'));
  expect(await asked).toEqual([
    { value: expect.objectContaining({ hostId: 'hst_quick', address: 'quick' }) },
    { unknown: 'gone does not answer' },
    { unknown: 'slow took longer than 20 s' },
  ]);
});
