import type { RemovedNode as RemovedNodeRow } from '../domain/cluster.ts';
import { nodeLabel } from '../domain/node-identity.ts';
import type { RequestContext } from './request-context.ts';

export const RemovedNode = {
  label: (node: RemovedNodeRow) => nodeLabel(node),
  machine: ({ place }: RemovedNodeRow, _: unknown, { loaders }: RequestContext) =>
    place === null ? null : loaders.host.load(place.hostId),
  deployDir: ({ place }: RemovedNodeRow) => place?.deployDir ?? null,
  run: ({ runId }: RemovedNodeRow, _: unknown, { loaders }: RequestContext) => loaders.run.load(runId),
};
