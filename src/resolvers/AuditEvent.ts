import type { AuditEvent as AuditEventRow } from '../store/reads/audit.ts';
import type { RequestContext } from './request-context.ts';

export const AuditEvent = {
  id: (event: AuditEventRow) => `aud_${event.number}`,
  actor: (event: AuditEventRow) => ({ id: event.actorId, name: event.actorName }),
  cluster: (event: AuditEventRow, _: unknown, { loaders }: RequestContext) =>
    event.clusterId === null ? null : loaders.cluster.load(event.clusterId),
  run: (event: AuditEventRow, _: unknown, { loaders }: RequestContext) =>
    event.runId === null ? null : loaders.run.load(event.runId),
};
