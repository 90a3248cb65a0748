import type { NodeKind } from '../../../domain/cluster.ts';
import type { Refusal } from '../../../domain/plan.ts';
import { isSameRelease } from '../../../domain/version.ts';
import type { NewNode } from '../new-node.ts';
import { type NewNodeFacts, versionOf } from './facts.ts';

/** The release from which nodes of this kind are installed: the cluster's own, in the catalogue, with the part they need. */
export function releaseRefusals(
  kind: NodeKind,
  { nodes, version, release }: Pick<NewNodeFacts, 'nodes' | 'version' | 'release'>,
): { readonly release: NewNode['release'] | null; readonly refusals: readonly Refusal[] } {
  const path = ['input', 'version'];
  const refuse = (refusal: Refusal) => ({ release: null, refusals: [refusal] });
  const own = versionOf(nodes);
  if (version === null || own === null) {
    return refuse({
      code: 'PRECONDITION_FAILED',
      message: 'Which version the cluster runs cannot be told: its nodes report several, or none',
      hint: 'Look at the nodes; a new node has to run what the others run.',
      path,
    });
  }
  if (!isSameRelease(version, own)) {
    return refuse({
      code: 'PRECONDITION_FAILED',
      message: `The cluster runs ${own}, and a new node would run ${version}`,
      hint: 'Leave the version out, or upgrade the cluster first.',
      path,
    });
  }
  return catalogued(kind, { version, release }, path);
}

/** Whether the catalogue has what nodes of this kind are installed from. */
export function catalogued(
  kind: NodeKind,
  { version, release }: { readonly version: string; readonly release: NewNodeFacts['release'] },
  path: readonly string[],
): { readonly release: NewNode['release'] | null; readonly refusals: readonly Refusal[] } {
  const refuse = (message: string) => ({
    release: null,
    refusals: [
      {
        code: 'NOT_FOUND' as const,
        message,
        hint: 'Register the release with registerRelease, with all its parts.',
        path,
      },
    ],
  });
  if (release === null) return refuse(`The catalogue has no release ${version}`);
  const part = kind === 'FRONTEND' ? 'FRONTEND' : 'BACKEND';
  if (!release.contents.includes(part))
    return refuse(`The archive of ${version} has no ${part === 'FRONTEND' ? 'frontend' : 'backend'} in it`);
  return { release: { version: release.version, sha256: release.sha256 }, refusals: [] };
}
