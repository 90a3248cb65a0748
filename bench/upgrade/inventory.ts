import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from '../../sandbox/world/machines.ts';
import type { UpgradeWorld } from './world.ts';

export type PlaybookFiles = { readonly inventory: string; readonly login: string };

/** Writes what Ansible has to know of a world: its hosts with their keys, and the login for SQL. */
export async function writeInventory(world: UpgradeWorld, dir: string): Promise<PlaybookFiles> {
  const { plan, machines, keyFile, sqlUser, sqlPassword } = world;
  const files = { inventory: join(dir, 'inventory.json'), login: join(dir, 'login.cnf') };
  const knownHosts = join(dir, 'known_hosts');
  const login = { user: sqlUser, password: sqlPassword, port: plan.ports.query, 'connect-timeout': 5 };
  const inventory = {
    all: {
      vars: {
        ansible_port: plan.ports.ssh,
        ansible_user: machines[0]?.host.user,
        ansible_ssh_private_key_file: keyFile,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts}`,
        http_port: plan.ports.http,
      },
      hosts: { localhost: { ansible_connection: 'local' } },
      children: { frontends: groupOf(machines, 'fe'), backends: groupOf(machines, 'be') },
    },
  };
  await mkdir(dir, { recursive: true });
  await Promise.all([
    writeFile(files.inventory, JSON.stringify(inventory)),
    writeFile(files.login, ['[client]', ...Object.entries(login).map((pair) => pair.join('=')), ''].join('\n'), {
      mode: 0o600,
    }),
    writeFile(knownHosts, (await Promise.all(machines.map(knownHostLine))).join('')),
  ]);
  return files;
}

function groupOf(machines: readonly Machine[], part: 'fe' | 'be') {
  const members = machines.flatMap(({ nodes }) => nodes).filter(({ kind }) => kind === part);
  return {
    vars: { part },
    hosts: Object.fromEntries(
      members.map((node) => [node.name, { ansible_host: node.address, deploy_dir: node.deployDir }]),
    ),
  };
}

async function knownHostLine({ host }: Machine): Promise<string> {
  return `[${host.address}]:${host.port} ${await readFile(join(host.dir, 'host-key.pub'), 'utf8')}`;
}
