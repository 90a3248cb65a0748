import { readCertificateEnd } from '../adapters/certificates/read-certificate.ts';
import { inParallel } from '../adapters/in-parallel.ts';
import type { ClusterNode } from '../domain/cluster.ts';
import { endpointsOf } from '../domain/endpoints.ts';
import type { FactAnswers } from '../domain/metrics/facts.ts';
import { listRepositories } from '../store/backups/repository-rows.ts';
import { findCluster } from '../store/clusters/inventory.ts';
import type { Database } from '../store/database.ts';

type Asked = {
  readonly clusterId: string;
  readonly nodes: readonly ClusterNode[];
  readonly at: Date;
  readonly signal: AbortSignal;
};

const atOnce = 8;
const timeoutMs = 5_000;

/** When the certificates end that Starwarden meets for a cluster; of one that cannot be looked at nothing is known. */
export async function askEndpoints(db: Database, { clusterId, nodes, at, signal }: Asked): Promise<FactAnswers> {
  const cluster = await findCluster(db, clusterId);
  const repositories = await listRepositories(db, clusterId);
  const endpoints = cluster === null ? [] : endpointsOf({ cluster, nodes, repositories });
  const told = await inParallel(endpoints, atOnce, async ({ name, ...place }) => ({
    subject: { endpoint: name },
    end: await readCertificateEnd(place, { signal, timeoutMs }),
  }));
  return {
    certificate_ends_at: {
      atMs: at.getTime(),
      values: told.flatMap(({ subject, end }) =>
        'value' in end ? [{ subject, value: end.value.getTime() / 1_000 }] : [],
      ),
      unknown: told.flatMap(({ subject, end }) => ('unknown' in end ? [{ subject, because: end.unknown }] : [])),
    },
  };
}
