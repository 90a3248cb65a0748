import { cp, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identify, killAll } from '../../../sandbox/hosts/processes.ts';
import { nodeUnit } from '../../../sandbox/hosts/services.ts';
import { takeRelease } from '../../../sandbox/releases/take-release.ts';
import { openNode } from '../../../src/adapters/nodes/open-node.ts';
import { linkOnHost } from '../../../src/adapters/ssh/host-archive.ts';
import { createSsh } from '../../../src/adapters/ssh/ssh2.ts';
import type { NodeKind } from '../../../src/domain/cluster.ts';
import { unitText } from '../../../src/domain/deploy/unit-text.ts';
import { Installed } from '../../sandbox/releases/installed.ts';
import { startHostFixture } from '../ssh/host-fixture.ts';
import { treeOf } from '../ssh/release-fixture.ts';
import type { NodeUnderTest } from './node-contract.ts';

const pretendNode = fileURLToPath(new URL('../../sandbox/releases/pretend-node.ts', import.meta.url));

type OnHost = { readonly name: 'be' | 'cn'; readonly address: string; readonly by: 'scripts' | 'systemd' };

const kinds = { be: 'BACKEND', cn: 'COMPUTE_NODE' } as const satisfies Record<string, NodeKind>;

/** The sandbox's scripts with a pretended program behind them, on a stand-in host with a real sshd. */
export async function nodeOnHost(options: OnHost): Promise<NodeUnderTest> {
  const { name, address, by } = options;
  const installed = await Installed.unpack('3.4.6');
  const deployDir = installed.home(name);
  const pristine = `${deployDir}-pristine`;
  await cp(deployDir, pristine, { recursive: true });
  const unit = `starrocks-${name}.service`;
  const units = { [unit]: nodeUnit({ kind: name, deployDir }) };
  const fixture = await startHostFixture(address, by === 'systemd' ? { services: { units, sudo: 'allowed' } } : {});
  const ssh = createSsh();
  const shell = () => ssh.shell(fixture.target());
  const place = { label: name, kind: kinds[name], deployDir, unit: by === 'systemd' ? unit : null };
  const programs = { frontend: pretendNode, backend: pretendNode };
  const archive = await takeRelease({ version: '3.5.0', outDir: fixture.dir, programs });
  const freshRoot = await realpath(await mkdtemp(join(tmpdir(), 'fresh-')));
  const freshUnit = by === 'systemd' ? `starrocks-${name}-new.service` : null;
  const freshPlace = { ...place, label: `${name} new`, deployDir: join(freshRoot, 'opt', 'be'), unit: freshUnit };
  /** As the node itself is found: a pid file may be gone, or not be there yet. */
  const end = async () => {
    const running = await openNode(shell(), place).process({ signal: AbortSignal.timeout(30_000) });
    if (running !== null) await underTest.kill(running);
  };

  const underTest: NodeUnderTest = {
    release: archive,
    archiveDir: deployDir,
    open: (guard) => openNode(shell(), place, guard),
    kill: async ({ pid }) => {
      const found = identify(Number(pid));
      if (found !== null) killAll([found]);
    },
    reset: async () => {
      await end();
      await rm(deployDir, { recursive: true });
      await cp(pristine, deployDir, { recursive: true });
      const linked = { deployDir, sha256: archive.sha256, path: archive.path };
      await linkOnHost(shell(), linked, { what: 'The archive', timeoutMs: 30_000 });
    },
    starts: async () => (await readFile(join(deployDir, 'log', 'signals'), 'utf8')).match(/^started/gm)?.length ?? 0,
    takesToEnd: (ms) => installed.configure(name, `pretend_stop_ms = ${ms}`),
    breakStart: () => writeFile(join(deployDir, 'bin', `start_${name}.sh`), '#!/bin/sh\necho no >&2\nexit 1\n'),
    fresh: {
      open: (guard) => openNode(shell(), freshPlace, guard),
      deployDir: freshPlace.deployDir,
      installation: {
        ...{ runId: 'run_01J00000000000000000000000', release: archive, host: '127.0.0.1', ports: [] },
        dataDirs: [join(freshRoot, 'data', 'disk1')],
      },
      conf: `JAVA_HOME = ${join(installed.root, '..', 'jdk')}\nsandbox_speed = 20\n`,
      unitText:
        by === 'systemd'
          ? unitText({ ...freshPlace, dataDirs: [], user: fixture.host.user, helper: null, hostType: 'IP' })
          : null,
      bringArchive: () =>
        linkOnHost(
          shell(),
          { deployDir: freshPlace.deployDir, sha256: archive.sha256, path: archive.path },
          { what: 'The archive', timeoutMs: 30_000 },
        ),
      seen: async () => {
        const units = await readdir(join(fixture.dir, 'host'), { recursive: true });
        return [...treeOf(freshRoot, { skip: [] }), ...units.filter((file) => file.includes('new.service'))].filter(
          // What the stand-in for systemd remembers of a unit is not the unit.
          (line) => !/\.service\.(lock|log|state|starts|result)$/.test(line),
        );
      },
    },
    close: async () => {
      await end();
      await ssh.close();
      await fixture.stop();
      await installed.remove();
      await rm(freshRoot, { recursive: true, force: true });
    },
  };
  return underTest;
}
