import type { Host, NodeKind } from '../../../domain/cluster.ts';
import { needsCompiler } from '../../../domain/deploy/jdk.ts';
import { nodePorts } from '../../../domain/deploy/node-ports.ts';
import { storagePathsOf } from '../../../domain/deploy/storage-paths.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import type { Release } from '../../../domain/upgrade/release.ts';
import { count } from '../../../domain/words.ts';
import { inspectHosts } from './inspect-hosts.ts';

export type CheckHostsInput = {
  readonly hosts: readonly string[];
  readonly kinds: readonly NodeKind[];
  readonly version?: string | undefined;
  readonly deployDir?: string | undefined;
  readonly storage: readonly string[];
};

export type CheckHostsFacts = { readonly attached: readonly Host[]; readonly release: Release | null };

/** Refuses hosts that nobody can log in to, and a release that is not in the catalogue. */
export function planCheckHosts(input: CheckHostsInput, { attached, release }: CheckHostsFacts): PlanResult {
  const addresses = [...new Set(input.hosts)];
  const hosts = addresses.map((address) => ({ address, found: attached.filter((host) => host.address === address) }));
  const refusals: Refusal[] = hosts.flatMap(({ address, found }) => hostRefusals(address, found));
  if (input.version !== undefined && release === null) {
    refusals.push({
      code: 'NOT_FOUND',
      message: `${input.version} is not in the catalogue of releases`,
      hint: 'Register it with registerRelease, or leave the version out.',
      path: ['input', 'version'],
    });
  }
  if (refusals.length > 0) return { refusals };
  const kinds = [...new Set(input.kinds)];
  const ports = new Map(kinds.flatMap((kind) => Object.entries<number>(nodePorts[kind])));
  return {
    summary: `Check ${count(hosts.length, 'host')} for a ${kinds.map((kind) => kind.toLowerCase().replace('_', ' ')).join(' and a ')}`,
    steps: [
      inspectHosts.with({
        hosts: hosts.flatMap(({ found }) => found.map(({ id, address }) => ({ hostId: id, address }))),
        wish: {
          kinds,
          jdk: release === null ? null : { minimum: release.minimumJdk, needsCompiler: needsCompiler(release.version) },
          packageBytes: release?.sizeBytes ?? null,
          deployDirs: input.deployDir === undefined ? [] : [input.deployDir],
          dataDirs: input.storage.flatMap(storagePathsOf),
          ports: [...ports].map(([key, port]) => ({ key, port })),
        },
      }),
    ],
  };
}

function hostRefusals(address: string, found: readonly Host[]): Refusal[] {
  const path = ['input', 'hosts'];
  if (found.length === 0) {
    const hint = 'Attach it with attachHosts first; it needs no node for that.';
    return [{ code: 'CREDENTIAL_MISSING', message: `${address} is not attached`, hint, path }];
  }
  if (found.length === 1) return [];
  const ports = found.map(({ port }) => port).join(', ');
  return [
    {
      code: 'INVALID_INPUT',
      message: `${address} is attached with several SSH ports: ${ports}`,
      hint: 'Detach the one that is not meant.',
      path,
    },
  ];
}
