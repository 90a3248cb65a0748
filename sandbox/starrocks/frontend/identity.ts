import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConf } from '../conf.ts';
import type { FrontendRole } from '../sql/ast.ts';

/** `image/ROLE` and `image/VERSION`: who this frontend is and to which cluster it belongs, since its first start. */
export type FrontendIdentity = {
  role: FrontendRole;
  name: string;
  hostType: 'IP' | 'FQDN';
  clusterId: string;
  token: string;
};

export function newClusterIdentity(name: string, hostType: 'IP' | 'FQDN'): FrontendIdentity {
  return { role: 'FOLLOWER', name, hostType, clusterId: String(randomInt(1, 2 ** 31)), token: randomUUID() };
}

export function readIdentity(metaDir: string): FrontendIdentity | null {
  const [roleFile, versionFile] = files(metaDir);
  if (!existsSync(roleFile) || !existsSync(versionFile)) return null;
  const role = parseConf(readFileSync(roleFile, 'utf8'));
  const version = parseConf(readFileSync(versionFile, 'utf8'));
  return {
    role: role.get('role') === 'OBSERVER' ? 'OBSERVER' : 'FOLLOWER',
    name: role.get('name') ?? '',
    hostType: role.get('hostType') === 'FQDN' ? 'FQDN' : 'IP',
    clusterId: version.get('clusterId') ?? '',
    token: version.get('token') ?? '',
  };
}

/** ROLE says FOLLOWER on the leader too. */
export function writeIdentity(metaDir: string, { role, name, hostType, clusterId, token }: FrontendIdentity): void {
  mkdirSync(join(metaDir, 'image'), { recursive: true });
  const [roleFile, versionFile] = files(metaDir);
  const date = `#${new Date().toString()}\n`;
  writeFileSync(roleFile, `${date}role=${role}\nname=${name}\nhostType=${hostType}\n`);
  writeFileSync(versionFile, `${date}clusterId=${clusterId}\ntoken=${token}\nrunMode=shared_nothing\n`);
}

function files(metaDir: string): [role: string, version: string] {
  return [join(metaDir, 'image', 'ROLE'), join(metaDir, 'image', 'VERSION')];
}
