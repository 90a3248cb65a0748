import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimPlace } from '../../../src/adapters/ssh/claim-commands.ts';
import { hostFailureOf } from '../../../src/adapters/ssh/host-failure.ts';
import type { ClaimedPlace } from '../../../src/adapters/ssh/place-script.ts';
import type { Shell } from '../../../src/adapters/ssh/port.ts';
import { readInstalled } from '../../../src/adapters/ssh/read-installed.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { removeInstalled } from '../../../src/adapters/ssh/uninstall-commands.ts';
import { writeUnit } from '../../../src/adapters/ssh/unit-commands.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';
import { treeOf, writeTree } from './release-fixture.ts';

/* What happens on a real host when the one who asked goes away in the middle, or never hears the answer. */

let dir: string;
let fixture: HostFixture;
let ssh: Ssh;
let host: Shell;
let place: ClaimedPlace;

const gate = () => join(dir, 'gate');
const isAtGate = () => existsSync(join(dir, 'at-gate'));
const everything = () => treeOf(join(dir, 'host'), { skip: [] });

beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'install-ssh-')));
  await mkdir(join(dir, 'bin'));
  // Programs that wait at the gate for as long as it is closed, before they do their work.
  for (const name of ['mv', 'rmdir']) {
    const wait = `if [ -e '${gate()}' ]; then touch '${dir}/at-gate'; while [ -e '${gate()}' ]; do sleep 0.05; done; fi`;
    await writeFile(join(dir, 'bin', name), `#!/bin/sh\n${wait}\nexec /usr/bin/${name} "$@"\n`);
    await chmod(join(dir, 'bin', name), 0o755);
  }
  // Whoever logs in is not root as far as `id` says, and has no sudo.
  await writeFile(join(dir, 'bin', 'id'), '#!/bin/sh\ncase $1 in -u) echo 1000;; *) echo starrocks;; esac\n');
  await writeFile(join(dir, 'bin', 'sudo'), '#!/bin/sh\necho "sudo: a password is required" >&2; exit 1\n');
  await writeFile(join(dir, 'bin', 'systemctl'), `#!/bin/sh\necho UnitPath=${dir}/units\n`);
  for (const name of ['id', 'sudo', 'systemctl']) await chmod(join(dir, 'bin', name), 0o755);
  fixture = await startHostFixture('127.0.1.93', { environment: { PATH: `${join(dir, 'bin')}:/usr/bin:/bin` } });
  ssh = createSsh();
  host = ssh.shell(fixture.target());
});
afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
  await rm(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  await mkdir(join(dir, 'host'));
  place = {
    ...{ kind: 'backend', label: 'be 10.0.0.11:9050', runId: 'run_01J00000000000000000000000' },
    ...{ deployDir: join(dir, 'host', 'opt', 'be'), dataDirs: [join(dir, 'host', 'disk1')] },
  };
});
afterEach(async () => {
  await rm(gate(), { force: true });
  await rm(join(dir, 'at-gate'), { force: true });
  await rm(join(dir, 'host'), { recursive: true, force: true });
});

const claim = () => claimPlace({ ...place, ports: [], host: '10.0.0.11' });
const state = () =>
  readInstalled(host, { ...place, stagedId: '3.5.0-01234567', unit: null }, AbortSignal.timeout(30_000));
const owners = async () => (await state()).dirs.map(({ owner }) => owner);

/** Sends a command, cuts the connection while it is at the gate, and lets it go on with nobody to hear of it. */
async function loseAnswerOf(command: ReturnType<typeof claim>): Promise<void> {
  await writeFile(gate(), '');
  const lost = expect(host.run(command)).rejects.toMatchObject({ code: 'SSH_ANSWER_LOST' });
  await expect.poll(isAtGate).toBe(true);
  await fixture.host.cut();
  await lost;
}

describe('a place on a host', () => {
  it('is claimed although the answer is lost, and a second claim waits for the first and finds its work done', async () => {
    await loseAnswerOf(claim());
    expect(await owners()).toEqual(['nobody', 'nobody']);
    const second = host.run(claim());
    await rm(gate());
    expect(hostFailureOf(await second)).toBeNull();
    expect(await owners()).toEqual(['ours', 'ours']);
    expect(hostFailureOf(await host.run(removeInstalled(place)))).toBeNull();
    expect(everything()).toEqual([]);
  });

  it('is given back although the answer is lost, and asking again finds nothing left to do', async () => {
    expect(hostFailureOf(await host.run(claim()))).toBeNull();
    writeTree(place.deployDir, { 'bin/x': 'x' });
    await loseAnswerOf(removeInstalled(place));
    await rm(gate());
    expect(hostFailureOf(await host.run(removeInstalled(place)))).toBeNull();
    await expect.poll(everything).toEqual([]);
    expect(await owners()).toEqual(['nobody', 'nobody']);
  });

  it('gets no unit from somebody who cannot become root, in words', async () => {
    await mkdir(join(dir, 'units'), { recursive: true });
    const unit = { unit: 'starrocks-be.service', runId: place.runId, deployDir: place.deployDir, text: '[Unit]\n' };
    expect(hostFailureOf(await host.run(writeUnit(unit)))).toEqual({
      reason: 'noRoot',
      message: 'starrocks may not become root without a password (sudo -n)',
    });
    expect(treeOf(join(dir, 'units'))).toEqual([]);
  });
});
