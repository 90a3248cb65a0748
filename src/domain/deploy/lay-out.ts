import type { NodeKind } from '../cluster.ts';
import { nodeLabel } from '../node-identity.ts';
import type { Refusal } from '../plan.ts';
import { isIpAddress } from '../topology-change/address.ts';
import { portsOf, readOverrides } from './conf-overrides.ts';
import { confText } from './conf-text.ts';
import { whyNotADirectory, withoutSlash } from './directories.ts';
import { identityPorts } from './node-ports.ts';
import { readStorage } from './storage-input.ts';

/** What people say of a node that is to be installed. */
export type NodeRequest = {
  readonly kind: NodeKind;
  /** The address by which the cluster is told of it. */
  readonly host: string;
  readonly version: string;
  readonly deployDir: string;
  /** Of a frontend; null = `meta` in the deploy directory. */
  readonly metaDir: string | null;
  /** Of a backend or compute node, as `readStorage` takes it; empty = `storage` in the deploy directory. */
  readonly storage: readonly string[];
  /** As `readOverrides` takes it. */
  readonly conf: readonly string[];
  readonly javaHome: string | null;
  readonly heapMegabytes: number;
};

/** What follows from it: everything that decides what the node will be on its machine. */
export type LaidOutNode = {
  readonly label: string;
  readonly kind: NodeKind;
  readonly host: string;
  /** Edit-log port of a frontend, heartbeat port of the others. */
  readonly port: number;
  readonly deployDir: string;
  readonly dataDirs: readonly string[];
  readonly ports: Readonly<Record<string, number>>;
  /** The whole conf file. */
  readonly conf: string;
};

/** Lays a node out, or says everything that is wrong with what was asked for. Looks at no machine: see `placeConflicts`. */
export function layOut(
  request: NodeRequest,
): { readonly node: LaidOutNode } | { readonly refusals: readonly Refusal[] } {
  const { kind, host, version, javaHome, heapMegabytes } = request;
  const deployDir = withoutSlash(request.deployDir.trim());
  const metaDir = withoutSlash(request.metaDir?.trim() ?? `${deployDir}/meta`);
  const isFrontend = kind === 'FRONTEND';
  const given = readStorage(isFrontend ? [] : request.storage);
  const storage = given.storage.length > 0 ? given.storage : [{ path: `${deployDir}/storage`, medium: null }];
  const { overrides, refusals: wrong } = readOverrides(kind, request.conf);
  const ports = portsOf(kind, overrides);
  const refusals = [
    ...badDirectory('deployDir', deployDir),
    ...(isFrontend ? badDirectory('metaDir', metaDir) : given.refusals),
    ...(javaHome === null ? [] : badDirectory('javaHome', javaHome, /^\/usr\//)),
    ...foreignField(request),
    ...wrong,
    ...otherNetwork(host, overrides.find(({ key }) => key === 'priority_networks')?.value),
    ...(javaHome !== null && overrides.some(({ key }) => key === 'JAVA_HOME')
      ? [invalid('conf', 'JAVA_HOME is given as a field and in the conf', 'Give it once.')]
      : []),
  ];
  if (refusals.length > 0) return { refusals };
  const port = ports[identityPorts[kind]] ?? 0;
  const label = nodeLabel({ kind, host, port });
  const dataDirs = isFrontend ? [metaDir] : storage.map(({ path }) => path);
  const conf = confText({ kind, label, host, version, ports, metaDir, storage, javaHome, heapMegabytes, overrides });
  return { node: { label, kind, host, port, deployDir, dataDirs, ports, conf } };
}

function badDirectory(field: string, path: string, except?: RegExp): Refusal[] {
  const why = whyNotADirectory(path);
  // A JDK lies in a directory of the system; only its signs matter there.
  if (why === null || (except?.test(path) && !why.includes('signs') && !why.includes('slash'))) return [];
  return [invalid(field, why, 'Name a directory of its own for each node, by its full path.')];
}

function foreignField({ kind, metaDir, storage }: NodeRequest): Refusal[] {
  if (kind === 'FRONTEND' && storage.length > 0)
    return [invalid('storage', 'A frontend has no storage', 'Give the directory of its metadata.')];
  if (kind !== 'FRONTEND' && metaDir !== null)
    return [invalid('metaDir', 'Only a frontend has a directory of metadata', 'Give storage.')];
  return [];
}

/** A node whose networks do not hold its own address would take another one, and the cluster would not know it. */
function otherNetwork(host: string, networks: string | undefined): Refusal[] {
  const address = networks === undefined || !isIpAddress(host) ? null : numberOf(host);
  if (networks === undefined || address === null) return [];
  const holds = networks.split(';').some((network) => {
    const [base = '', bits = ''] = network.trim().split('/');
    const from = numberOf(base);
    if (from === null || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return false;
    const size = 2 ** (32 - Number(bits));
    return Math.floor(from / size) === Math.floor(address / size);
  });
  if (holds) return [];
  return [
    invalid(
      'conf',
      `priority_networks = ${networks} does not hold ${host}, the address of the node`,
      'Leave it out: it is written from the address.',
    ),
  ];
}

/** An IPv4 address as a number; null for anything else. */
function numberOf(text: string): number | null {
  const parts = text.split('.').map(Number);
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text) || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function invalid(field: string, message: string, hint: string): Refusal {
  return { code: 'INVALID_INPUT', message, hint, path: [field] };
}
