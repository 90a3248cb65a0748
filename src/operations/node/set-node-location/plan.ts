import type { ClusterNode } from '../../../domain/cluster.ts';
import { nodeLabel } from '../../../domain/node-identity.ts';
import type { PlanResult, Refusal } from '../../../domain/plan.ts';
import { hasLocations } from '../../../domain/topology-change/location.ts';
import { count } from '../../../domain/words.ts';
import { labelBackend } from './label-backend.ts';

export type SetNodeLocation = {
  readonly clusterId: string;
  readonly nodeIds: readonly string[];
  readonly location?: string | undefined;
  readonly clear: boolean;
};

export type LocationFacts = {
  readonly runMode: string | null;
  /** Null = no frontend leads, or it did not tell. */
  readonly leaderVersion: string | null;
  /** In the order in which they were named. `now` null = the cluster has no such backend. */
  readonly nodes: readonly {
    readonly nodeId: string;
    readonly node: ClusterNode | null;
    readonly now: { readonly location: string | null } | null;
  }[];
};

export function planSetNodeLocation(input: SetNodeLocation, facts: LocationFacts): PlanResult {
  const location = input.clear ? null : (input.location ?? null);
  const refusals = [...inputRefusals(input), ...clusterRefusals(facts), ...nodeRefusals(facts)];
  if (refusals.length > 0) return { refusals };
  const changes = facts.nodes.flatMap(({ node, now }) =>
    node === null || now === null || now.location === location ? [] : [{ node, before: now.location }],
  );
  if (changes.length === 0) {
    return {
      refusals: [
        {
          code: 'PRECONDITION_FAILED',
          message: location === null ? 'None of them has a location' : `All of them stand in ${location} already`,
          hint: 'There is nothing to do.',
        },
      ],
    };
  }
  return {
    summary:
      location === null
        ? `Take the location of ${count(changes.length, 'backend')} away`
        : `Say that ${count(changes.length, 'backend')} ${changes.length === 1 ? 'stands' : 'stand'} in ${location}`,
    steps: changes.map(({ node, before }) =>
      labelBackend.with({
        nodeId: node.id,
        label: nodeLabel(node),
        host: node.host,
        port: node.port,
        before,
        location,
      }),
    ),
    notes: [
      'StarRocks moves replicas of tables that are spread by labels.location until they fit the new places',
      ...(changes.length < facts.nodes.length
        ? [`${facts.nodes.length - changes.length} of those named stand there already`]
        : []),
    ],
  };
}

function inputRefusals({ location, clear, nodeIds }: SetNodeLocation): Refusal[] {
  const twice = nodeIds.find((id, index) => nodeIds.indexOf(id) !== index);
  return [
    ...(clear === (location !== undefined)
      ? [
          {
            code: 'INVALID_INPUT',
            message: clear
              ? 'A location is named, and it is to be taken away as well'
              : 'Neither a location is named nor is it to be taken away',
            hint: 'Give either location, such as rack:r1, or clear.',
            path: ['input', 'location'],
          } as const,
        ]
      : []),
    ...(twice === undefined
      ? []
      : [
          {
            code: 'INVALID_INPUT',
            message: `${twice} is named twice`,
            hint: 'Name each backend once.',
            path: ['input', 'nodeIds'],
          } as const,
        ]),
  ];
}

function clusterRefusals({ runMode, leaderVersion }: LocationFacts): Refusal[] {
  if (runMode === 'shared_data') {
    return [
      {
        code: 'PRECONDITION_FAILED',
        message: 'This cluster keeps its data in object storage, so there are no replicas to be spread over locations',
        hint: 'Locations mean something in shared-nothing clusters only.',
      },
    ];
  }
  const can = hasLocations(leaderVersion);
  if (can === true) return [];
  return [
    {
      code: 'PRECONDITION_FAILED',
      message:
        can === false
          ? `Backends have locations from 3.2.8 on, and the leader runs ${leaderVersion ?? ''}`
          : `Whether this version has locations cannot be told: the leader says ${leaderVersion ?? 'nothing'}`,
      hint: can === false ? 'Upgrade the cluster first.' : 'Look at SHOW FRONTENDS.',
    },
  ];
}

function nodeRefusals({ nodes }: LocationFacts): Refusal[] {
  const path = ['input', 'nodeIds'];
  return nodes.flatMap(({ nodeId, node, now }): Refusal[] => {
    if (node === null) {
      const hint = 'Refresh the cluster, then look at the ids of its nodes.';
      return [{ code: 'NOT_FOUND', message: `The cluster has no node ${nodeId}`, hint, path }];
    }
    if (node.kind !== 'BACKEND') {
      const hint = 'Name backends only.';
      return [
        {
          code: 'INVALID_INPUT',
          message: `${nodeLabel(node)} is no backend: only backends have a location`,
          hint,
          path,
        },
      ];
    }
    if (now !== null) return [];
    const hint = 'Refresh the cluster, then look at its backends.';
    return [{ code: 'NOT_FOUND', message: `${nodeLabel(node)} is in the cluster no more`, hint, path }];
  });
}
