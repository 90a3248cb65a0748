import { describe, expect, it } from 'vitest';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { askHosts } from '../../../src/adapters/ssh/read-host-facts.ts';
import type { ReleaseSource } from '../../../src/domain/upgrade/release.ts';
import { AppError } from '../../../src/errors.ts';

const tools = ['tar', 'gzip', 'flock', 'sha256sum', 'stat', 'awk', 'sed', 'grep', 'gnu-tar', 'gnu-stat'];
const well: Record<string, string> = {
  'has-tools': [...tools, 'curl'].join('\n'),
  'read-pid': 'pid 77\ncomm starrocks_be\nstartedAtTicks 123\npidFile /data/be/bin/be.pid\n',
  'disk-free': 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1000 400 600 40% /data\n',
  'same-file-system': 'deployDir=/data\nbin=/data\nlib=/data\nwritable=yes\n',
  'unit-state': 'LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=77\n',
  'list-kept': 'that is all\n',
  'unit-rights': 'start=yes\nstop=yes\nreset-failed=yes\nuser=starrocks\n',
  'read-conf': 'be_port = 9060\n',
};

/** A host that answers by the name of the command; what is not in `answers` ends with 0 and says nothing. */
function host(answers: Record<string, string | AppError> = {}, exitCodes: Record<string, number> = {}): Shell {
  return {
    run: async ({ name }) => {
      const stdout = name === 'clock' ? String(Date.now() + 60_000) : ({ ...well, ...answers }[name] ?? '');
      if (stdout instanceof AppError) throw stdout;
      return { exitCode: exitCodes[name] ?? 0, stdout, stderr: '' };
    },
    upload: async () => Promise.reject(new Error('the preflight uploads nothing')),
  };
}

type Options = { unit?: string | null; source?: ReleaseSource | null };

async function ask(shell: Shell, { unit = null, source = null }: Options = {}) {
  const node = { id: 'nod_1', kind: 'BACKEND' as const, deployDir: '/data/be', unit, alive: true };
  const [answer] = await askHosts([{ id: 'hst_1', address: '10.0.1.1', nodes: [node] }], {
    shell: async () => shell,
    signal: AbortSignal.timeout(5_000),
    source,
  });
  if (answer === undefined) throw new Error('no answer');
  return { ...answer.host, node: answer.nodes.get('nod_1') };
}

describe('a host', () => {
  it('is read in full', async () => {
    const { look, node, runsFrontend } = await ask(host());
    expect(runsFrontend).toBe(false);
    expect(look).toMatchObject({ value: { missingTools: [] } });
    expect(node).toEqual({
      value: {
        process: { pid: 77, startedAtTicks: '123' },
        disk: { totalBytes: 1_024_000, freeBytes: 614_400, mountPoint: '/data' },
        swapProblem: null,
        serviceProblem: null,
        java: null,
        confText: 'be_port = 9060\n',
        kept: [],
      },
    });
  });

  it('whose clock is a minute ahead is seen to be', async () => {
    const { look } = await ask(host());
    const clock = 'value' in look ? look.value.clock : null;
    expect(clock?.aheadMs).toBeGreaterThan(59_000);
    expect(clock?.aheadMs).toBeLessThan(61_000);
  });

  it('needs something to fetch with only where it fetches', async () => {
    const bare = host({ 'has-tools': tools.filter((tool) => tool !== 'flock').join('\n') });
    expect((await ask(bare)).look).toMatchObject({ value: { missingTools: ['flock'] } });
    const location = 'http://files.local/sr.tar.gz';
    expect((await ask(bare, { source: { kind: 'URL', location } })).look).toMatchObject({
      value: { missingTools: ['flock'] },
    });
    expect((await ask(bare, { source: { kind: 'HOST_URL', location } })).look).toMatchObject({
      value: { missingTools: ['flock', 'curl or wget'] },
    });
  });

  it('that does not answer is asked once, and is the reason for each of its nodes', async () => {
    const names: string[] = [];
    const silent: Shell = {
      ...host(),
      run: async ({ name }) => {
        names.push(name);
        throw new AppError('SSH_UNREACHABLE', 'no route to host', { retryable: true });
      },
    };
    const { look, node } = await ask(silent);
    expect(look).toEqual({ failed: 'no route to host' });
    expect(node).toEqual({ failed: 'no route to host' });
    expect(names).toEqual(['has-tools']);
  });

  it('tells whether an archive is there that should be', async () => {
    const source = { kind: 'ON_NODE', location: '/srv/sr.tar.gz' } as const;
    const missing = host({}, { 'disk-free': 1 });
    expect((await ask(host(), { source })).node).toMatchObject({ value: { hasArchive: true } });
    expect((await ask(missing, { source })).node).toMatchObject({ value: { hasArchive: false } });
  });

  it('never takes another program behind a stale pid file for the node', async () => {
    const { node } = await ask(
      host({ 'read-pid': 'pid 77\ncomm sleep\nstartedAtTicks 123\npidFile /data/be/bin/be.pid\n' }),
    );
    expect(node).toMatchObject({ value: { process: null } });
  });

  it('is not half read when a bug throws', async () => {
    const broken: Shell = { ...host(), run: async () => Promise.reject(new TypeError('a bug')) };
    await expect(ask(broken)).rejects.toThrow('a bug');
  });
});

describe('the JDK of a frontend', () => {
  const javaOf = async (confText: string, { running = '', process = true } = {}) => {
    const asked: string[] = [];
    const shell = host({
      'read-conf': confText,
      'read-environment': running,
      'read-pid': process ? 'pid 77\ncomm java\nstartedAtTicks 1\npidFile \n' : 'none',
    });
    const listening: Shell = {
      ...shell,
      run: async (command, call) => {
        if (command.name !== 'java-version') return shell.run(command, call);
        const [, home = '(none)'] = /^home='([^']*)'/.exec(command.text) ?? [];
        asked.push(home);
        return {
          exitCode: 0,
          stderr: '',
          stdout: `from=conf\nhome=${home}\nversion=openjdk version "17.0.9"\ncompiler=yes\n`,
        };
      },
    };
    const node = { id: 'nod_1', kind: 'FRONTEND' as const, deployDir: '/opt/fe', unit: null, alive: true };
    const [answer] = await askHosts([{ id: 'hst_1', address: '10.0.1.1', nodes: [node] }], {
      shell: async () => listening,
      signal: AbortSignal.timeout(5_000),
      source: null,
    });
    const found = answer?.nodes.get('nod_1');
    const java = found !== undefined && 'value' in found ? found.value.java : null;
    return java !== null && 'unknown' in java ? java : asked;
  };

  it.each<[string, string]>([
    ['JAVA_HOME=/opt/jdk-17\n', '/opt/jdk-17'],
    ['JAVA_HOME = /opt/jdk-17 # the one of the platform team\n', '/opt/jdk-17'],
    ['JDK_BASE=/opt\nJAVA_HOME="$JDK_BASE/jdk-17"\n', '/opt/jdk-17'],
    [`JAVA_HOME=\${STARROCKS_HOME}/jdk\n`, '/opt/fe/jdk'],
  ])('is the one that the start script takes from %j', async (text, home) => {
    expect(await javaOf(text, { running: 'JAVA_HOME=/other\n' })).toEqual([home]);
  });

  it('is the one of the running process where the file leaves it open, and else cannot be told', async () => {
    for (const text of ['JAVA_HOME=$JDK_BASE/jdk-17\n', 'JAVA_HOME=$(/usr/libexec/java_home)\n']) {
      expect(await javaOf(text, { running: 'JAVA_HOME=/srv/jdk-17\n' })).toEqual(['/srv/jdk-17']);
      expect(await javaOf(text)).toMatchObject({ unknown: expect.stringContaining('JAVA_HOME') });
      expect(await javaOf(text, { process: false })).toMatchObject({ unknown: expect.stringContaining('JAVA_HOME') });
    }
    expect(await javaOf('', { process: false })).toEqual(['(none)']);
  });
});

describe('the service of a node', () => {
  it.each<[string, Record<string, string>, Record<string, number>, string | null]>([
    ['may be stopped through sudo', {}, {}, null],
    [
      'cannot be stopped where sudo lists no such command, and says which line it needs',
      { 'unit-rights': 'start=yes\nstop=no\nreset-failed=no\nuser=starrocks\n' },
      {},
      'cannot be stopped; sudoers needs: starrocks ALL=(root) NOPASSWD: /usr/bin/systemctl start starrocks-be.service, /usr/bin/systemctl stop starrocks-be.service, /usr/bin/systemctl reset-failed starrocks-be.service',
    ],
    ['is not judged without an answer', { 'unit-rights': 'start=yes\n' }, {}, 'cannot be told'],
    ['is not known', { 'unit-state': 'LoadState=not-found\nActiveState=inactive\n' }, {}, 'systemd knows no unit'],
    [
      'does not run what lives',
      { 'unit-state': 'LoadState=loaded\nActiveState=inactive\n' },
      {},
      'something else runs it',
    ],
    ['is on a host without systemd', { 'unit-state': '' }, {}, 'systemd does not answer'],
  ])('under systemd %s', async (_what, answers, exitCodes, wanted) => {
    const { node } = await ask(host(answers, exitCodes), { unit: 'starrocks-be.service' });
    const problem = wanted === null ? null : expect.stringContaining(wanted);
    expect(node).toMatchObject({ value: { serviceProblem: problem } });
  });

  it('has the limit of starts that systemd tells', async () => {
    const unit = `${well['unit-state']}Restart=on-failure\nStartLimitBurst=3\nStartLimitIntervalUSec=2min\n`;
    const { node } = await ask(host({ 'unit-state': unit }), { unit: 'starrocks-be.service' });
    expect(node).toMatchObject({
      value: { startLimit: { burst: 3, intervalMs: 120_000, restarts: true, mayReset: true } },
    });
  });

  it('without systemd has to have a start script', async () => {
    expect((await ask(host({}, { 'has-start-script': 1 }))).node).toMatchObject({
      value: { serviceProblem: '/data/be/bin holds no start script that may be run' },
    });
  });
});
