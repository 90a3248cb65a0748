import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type StandInHost, startHost } from '../hosts/start-host.ts';
import { patienceMs } from '../patience.ts';
import { confText, jdksOf, jvmDirOf } from './conf.ts';
import { mountDisk } from './disks.ts';
import { writeJdk } from './jdk.ts';
import type { PlannedNode, WorldPlan } from './plan.ts';
import { worldMark } from './processes.ts';

const run = promisify(execFile);

export type Machine = { readonly node: PlannedNode; readonly host: StandInHost };

export type MachineOptions = {
  readonly node: PlannedNode;
  readonly plan: WorldPlan;
  readonly archive: string;
  readonly publicKey: string;
  /** The size of the disk under the deploy and data directories; null = as large as the machine's own. */
  readonly diskBytes: number | null;
};

/** Makes a host as a system administrator hands it over: SSH, Java, and the release unpacked and configured, not started. */
export async function prepareMachine(options: MachineOptions): Promise<Machine> {
  const { node, plan, publicKey, diskBytes } = options;
  await mkdir(node.diskDir, { recursive: true });
  if (diskBytes !== null) await mountDisk({ path: node.diskDir, sizeBytes: diskBytes });
  const [host] = await Promise.all([
    startHost({
      name: node.name,
      address: node.address,
      port: plan.ports.ssh,
      dir: join(node.hostDir, 'sshd'),
      commandLog: plan.files.commands,
      authorizedKeys: [publicKey],
      environment: { [worldMark]: plan.dir },
    }),
    installJava(node),
    installRelease(options),
  ]);
  return { node, host };
}

async function installJava(node: PlannedNode): Promise<void> {
  await Promise.all(jdksOf(node).map((major) => writeJdk({ dir: join(jvmDirOf(node), `jdk-${major}`), major })));
}

async function installRelease({ node, plan, archive }: MachineOptions): Promise<void> {
  const part = node.kind === 'fe' ? 'fe' : 'be';
  const parent = dirname(node.deployDir);
  const unpacked = join(parent, `StarRocks-${plan.version}`);
  await mkdir(parent, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', parent, `StarRocks-${plan.version}/${part}`], { timeout: patienceMs });
  await rename(join(unpacked, part), node.deployDir);
  await rm(unpacked, { recursive: true });
  await mkdir(join(node.dataDir, node.kind === 'fe' ? 'meta' : 'storage'), { recursive: true });
  await writeFile(join(node.deployDir, 'conf', `${node.kind}.conf`), confText(node, plan));
}
