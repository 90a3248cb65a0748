import type { NodeKind } from '../cluster.ts';
import { isIpAddress } from '../topology-change/address.ts';
import { parseVersion } from '../version.ts';
import type { ConfOverride } from './conf-overrides.ts';
import { nodePorts } from './node-ports.ts';
import { storageRootPath } from './storage-input.ts';
import type { StoragePath } from './storage-paths.ts';

export type ConfOf = {
  readonly kind: NodeKind;
  readonly label: string;
  /** The address by which the cluster is told of the node. */
  readonly host: string;
  /** The release that the file is for: which variables its scripts read depends on it. */
  readonly version: string;
  /** Every port, by its key. */
  readonly ports: Readonly<Record<string, number>>;
  /** A frontend's directory of metadata. */
  readonly metaDir: string;
  /** The paths of a backend or compute node. */
  readonly storage: readonly StoragePath[];
  /** Null = what the start script finds by itself. */
  readonly javaHome: string | null;
  /** The heap of a frontend. */
  readonly heapMegabytes: number;
  /** What people gave, checked by `readOverrides`; it wins over everything that is not decided by a field. */
  readonly overrides: readonly ConfOverride[];
};

/** The default of StarRocks' own fe.conf. */
export const usualHeapMegabytes = 8_192;

/** The usual heap, but no more than three quarters of the machine's memory; null = the memory is not known. */
export function heapFor(memoryBytes: number | null): number {
  if (memoryBytes === null) return usualHeapMegabytes;
  return Math.min(usualHeapMegabytes, Math.max(512, Math.floor((memoryBytes / 1_048_576) * 0.75)));
}

const names = { FRONTEND: 'fe', BACKEND: 'be', COMPUTE_NODE: 'cn' } as const;

/** The whole text of fe.conf, be.conf or cn.conf. Each setting stands in it once. */
export function confText(of: ConfOf): string {
  const { kind, label, overrides } = of;
  const given = new Map(overrides.map(({ key, value }) => [key, value]));
  const blocks = [
    [
      `# ${names[kind]}.conf of ${label}, written when the node was installed.`,
      `# The file of the release is beside it: ${names[kind]}.conf.release.`,
      '# Keys in capitals are exported by the start script; all others are read by the program.',
    ],
    javaLines(of, given),
    addressLines(of, given),
    [
      '# Every port is written, also where it is the default, so that the next node on this machine is checked against it.',
      ...portLines(of),
    ],
    directoryLines(of),
    restLines(of),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

type Given = ReadonlyMap<string, string>;

/** Written by the blocks above the last one. */
const javaKeys = ['JAVA_HOME', 'JAVA_OPTS', 'JAVA_OPTS_FOR_JDK_9', 'JAVA_OPTS_FOR_JDK_11'];

function javaLines({ kind, javaHome, heapMegabytes, version }: ConfOf, given: Given): string[] {
  const home = given.get('JAVA_HOME') ?? javaHome;
  const homeLines = home === null ? [] : [`JAVA_HOME = ${home}`];
  const options = given.get('JAVA_OPTS');
  if (kind !== 'FRONTEND') {
    const rest = javaKeys.slice(1).flatMap((key) => (given.has(key) ? [`${key} = ${given.get(key)}`] : []));
    return [...homeLines, ...rest];
  }
  const usual = `"-Dlog4j2.formatMsgNoLookups=true -Xmx${heapMegabytes}m -XX:+UseG1GC -Djava.security.policy=\${STARROCKS_HOME}/conf/udf_security.policy"`;
  const java = options ?? usual;
  const older = readsOlderOptions(version)
    ? [
        '# Up to 3.4 the start script takes other variables for newer JDKs; they say the same.',
        `JAVA_OPTS_FOR_JDK_9 = ${given.get('JAVA_OPTS_FOR_JDK_9') ?? java}`,
        `JAVA_OPTS_FOR_JDK_11 = ${given.get('JAVA_OPTS_FOR_JDK_11') ?? java}`,
      ]
    : ['JAVA_OPTS_FOR_JDK_9', 'JAVA_OPTS_FOR_JDK_11'].flatMap((key) =>
        given.has(key) ? [`${key} = ${given.get(key)}`] : [],
      );
  return [
    ...homeLines,
    ...(options === undefined ? ['# The heap holds all metadata; a frontend whose heap is full stops serving.'] : []),
    `JAVA_OPTS = ${java}`,
    ...older,
  ];
}

function readsOlderOptions(version: string): boolean {
  const parsed = parseVersion(version);
  // Newer scripts take them too, with a warning, and they say the same.
  return parsed === null || parsed.major < 3 || (parsed.major === 3 && parsed.minor < 5);
}

function addressLines({ host }: ConfOf, given: Given): string[] {
  if (given.has('priority_networks')) return [`priority_networks = ${given.get('priority_networks')}`];
  if (!isIpAddress(host)) return [];
  return [
    '# The address that the cluster was told; on a machine with several, a node would take any other.',
    `priority_networks = ${host}/${host.includes(':') ? 128 : 32}`,
  ];
}

function portLines({ kind, ports }: ConfOf): string[] {
  const equal =
    kind === 'FRONTEND' ? ['# http_port has to be the same on all frontends: each calls the others on its own.'] : [];
  return [...equal, ...Object.keys(nodePorts[kind]).map((key) => `${key} = ${ports[key]}`)];
}

function directoryLines({ kind, metaDir, storage }: ConfOf): string[] {
  if (kind === 'FRONTEND') return ['# Metadata of the cluster: on a disk that keeps it.', `meta_dir = ${metaDir}`];
  const what =
    kind === 'BACKEND' ? '# One path for each disk; what has no medium counts as HDD.' : '# Holds the cache.';
  return [what, `storage_root_path = ${storageRootPath(storage)}`];
}

function restLines({ kind, overrides }: ConfOf): string[] {
  const elsewhere = [...Object.keys(nodePorts[kind]), ...javaKeys, 'priority_networks'];
  const rest = overrides.filter(({ key }) => !elsewhere.includes(key));
  return rest.length === 0 ? [] : ['# Given for this node.', ...rest.map(({ key, value }) => `${key} = ${value}`)];
}
