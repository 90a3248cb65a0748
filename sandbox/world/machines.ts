import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Services } from '../hosts/services.ts';
import { type StandInHost, startHost } from '../hosts/start-host.ts';
import { patienceMs } from '../patience.ts';
import { settingsVariable } from '../starrocks/conf.ts';
import { confText, javaHomeOf, jdksOf, jvmDirOf, settingsDirOf, settingsText } from './conf.ts';
import { mountDisk } from './disks.ts';
import { writeJdk } from './jdk.ts';
import type { PlannedHost, PlannedNode, WorldPlan } from './plan.ts';
import { worldMark } from './processes.ts';

const run = promisify(execFile);

export type Machine = {
  readonly place: PlannedHost;
  /** Those it was made with. */
  readonly nodes: readonly PlannedNode[];
  readonly host: StandInHost;
};

export type MachineOptions = {
  readonly place: PlannedHost;
  /** What is unpacked there. */
  readonly nodes: readonly PlannedNode[];
  readonly plan: WorldPlan;
  readonly archive: string;
  readonly publicKey: string;
  /** The size of the disk under the deploy and data directories; null = as large as the machine's own. */
  readonly diskBytes: number | null;
  /** A systemd of its own. */
  readonly systemd?: Services | undefined;
};

/**
 * Makes a host as a system administrator hands it over: SSH, Java, and its nodes unpacked and configured, not
 * started. One without nodes has an empty `/opt/starrocks` and an empty data directory.
 */
export async function prepareMachine(options: MachineOptions): Promise<Machine> {
  const { place, nodes, plan, publicKey, diskBytes, systemd } = options;
  await mkdir(place.diskDir, { recursive: true });
  if (diskBytes !== null) await mountDisk({ path: place.diskDir, sizeBytes: diskBytes });
  await writeSettings(place, plan);
  const [host] = await Promise.all([
    startHost({
      name: place.name,
      address: place.address,
      port: plan.ports.ssh,
      dir: join(place.hostDir, 'sshd'),
      commandLog: plan.files.commands,
      authorizedKeys: [publicKey],
      environment: hostEnvironment(options),
      ...(systemd && { services: systemd }),
    }),
    installJava(place),
    ...(nodes.length === 0 ? [makeEmptyDirs(place)] : nodes.map((node) => installRelease(node, options))),
  ]);
  return { place, nodes, host };
}

/**
 * What every process of a host carries: the world's mark and where the stand-in's settings are. Without a node nobody has said
 * yet where Java is, so there the machine says it, as a distribution's would.
 */
function hostEnvironment({ place, nodes, plan }: MachineOptions): Record<string, string> {
  const common = { [worldMark]: plan.dir, [settingsVariable]: settingsDirOf(place) };
  return nodes.length === 0 && jdksOf(place).length > 0 ? { ...common, JAVA_HOME: javaHomeOf(place) } : common;
}

async function writeSettings(place: PlannedHost, plan: WorldPlan): Promise<void> {
  const dir = settingsDirOf(place);
  await mkdir(dir, { recursive: true });
  const kinds = ['fe', 'be', 'cn'] as const;
  await Promise.all(kinds.map((kind) => writeFile(join(dir, `${kind}.conf`), settingsText(kind, place, plan))));
}

async function makeEmptyDirs({ diskDir }: PlannedHost): Promise<void> {
  await Promise.all(['starrocks', 'data'].map((name) => mkdir(join(diskDir, name), { recursive: true })));
}

async function installJava(place: PlannedHost): Promise<void> {
  await Promise.all(jdksOf(place).map((major) => writeJdk({ dir: join(jvmDirOf(place), `jdk-${major}`), major })));
}

async function installRelease(node: PlannedNode, { plan, archive }: MachineOptions): Promise<void> {
  const part = node.kind === 'fe' ? 'fe' : 'be';
  const parent = dirname(node.deployDir);
  // A place of its own: two nodes of a host are unpacked at the same time.
  const unpacked = join(parent, `.${node.name}`);
  await mkdir(unpacked, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', unpacked, `StarRocks-${plan.version}/${part}`], { timeout: patienceMs });
  await rename(join(unpacked, `StarRocks-${plan.version}`, part), node.deployDir);
  await rm(unpacked, { recursive: true });
  await mkdir(join(node.dataDir, node.kind === 'fe' ? 'meta' : 'storage'), { recursive: true });
  await writeFile(join(node.deployDir, 'conf', `${node.kind}.conf`), confText(node, plan));
}
