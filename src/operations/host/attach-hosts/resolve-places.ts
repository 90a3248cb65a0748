import type { ClusterNode, Host } from '../../../domain/cluster.ts';
import { findPlaces, isMachineOf, strangersAmong, wordsForMissing } from '../../../domain/deploy/find-places.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { Refusal } from '../../../domain/plan.ts';
import type { HostFacts, HostInput } from './host-input.ts';

/** A node with its place, as it was given or found. */
export type PlacedNode = { readonly nodeId: string; readonly deployDir: string; readonly unit?: string | undefined };

export type ResolvedHost = {
  readonly nodes: readonly PlacedNode[];
  readonly refusals: readonly Refusal[];
  /** What was found and what was not, for the person who confirms the plan. */
  readonly notes: readonly string[];
};

type Known = { readonly nodes: readonly ClusterNode[]; readonly attached: readonly Host[] };

/**
 * Where the nodes of a host are: as given, else as found by their processes. A node that was named and is not found is
 * refused; one that was only looked for is named.
 */
export function resolvePlaces(
  host: HostInput,
  { machine }: Pick<HostFacts, 'machine'>,
  { known, path }: { readonly known: Known; readonly path: readonly string[] },
): ResolvedHost {
  const open = host.nodes.filter(({ deployDir }) => deployDir === undefined);
  const given = host.nodes.flatMap(({ nodeId, deployDir, unit }) =>
    deployDir === undefined ? [] : [{ nodeId, deployDir, unit }],
  );
  if (open.length === 0 && !host.findNodes) return { nodes: given, refusals: [], notes: [] };
  const refusal = (message: string): Refusal => ({
    code: 'PRECONDITION_FAILED',
    message,
    hint: 'Start the node, log in as a user who sees its process and its conf file, or give deployDir and unit.',
    path: [...path, 'nodes'],
  });
  if (machine === null || 'unknown' in machine) {
    const why = machine === null ? 'nobody could log in' : machine.unknown;
    if (open.length === 0)
      return { nodes: given, refusals: [], notes: [`What runs on ${host.address} cannot be seen: ${why}`] };
    return { nodes: given, refusals: [refusal(`What runs on ${host.address} cannot be seen: ${why}`)], notes: [] };
  }
  const survey = machine.value;
  const asked = known.nodes.filter(({ id }) => open.some(({ nodeId }) => nodeId === id));
  const looked = host.findNodes
    ? known.nodes.filter(
        ({ id, host: address }) =>
          !host.nodes.some(({ nodeId }) => nodeId === id) && isMachineOf(address, survey, host.address),
      )
    : [];
  const placed = findPlaces([...asked, ...looked], survey, known.nodes).map(({ node, place }) => ({
    ...{ node, place },
    unit: open.find(({ nodeId }) => nodeId === node.id)?.unit,
  }));
  const named = placed.filter(({ node }) => asked.includes(node));
  const others = placed.filter(({ node }) => looked.includes(node));
  const found = [...named, ...others].flatMap(({ node, unit, place }) =>
    'why' in place
      ? []
      : [{ node, nodeId: node.id, deployDir: place.deployDir, unit: unit ?? place.unit ?? undefined }],
  );
  return {
    nodes: [...given, ...found.map(({ node: _node, ...place }) => place)],
    refusals: named.flatMap(({ node, place }) => ('why' in place ? [refusal(wordsForMissing(node, place))] : [])),
    notes: [
      ...found.map(
        ({ node, deployDir, unit }) =>
          `Found on ${host.address}: ${nodeLabel(node)} in ${deployDir}, ${unit === undefined ? "run by StarRocks' own scripts" : `run by ${unit}`}`,
      ),
      ...others.flatMap(({ node, place }) =>
        'why' in place ? [`Not found on ${host.address}: ${wordsForMissing(node, place)}`] : [],
      ),
      ...strangersAmong(known.nodes, survey).map(
        (stranger) => `On ${host.address} runs also ${stranger}, which is no node of this cluster`,
      ),
    ],
  };
}
