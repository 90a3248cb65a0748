import type { Reading } from '../../../adapters/reading.ts';
import { readReplicaSpread } from '../../../adapters/starrocks/read-replica-spread.ts';
import { readTopology } from '../../../adapters/starrocks/read-topology.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { spreadCheck } from '../../../domain/topology-change/location.ts';
import { found, type NamedCheck } from '../../../domain/verdict.ts';
import { AppError } from '../../../errors.ts';
import type { EndedRun, OtherEnding } from '../../define.ts';
import { labelBackend } from './label-backend.ts';
import type { SetNodeLocation } from './plan.ts';

/**
 * Every backend whose location this run has changed is where its last step put it. How the replicas are spread is told as
 * well: StarRocks moves them from then on.
 */
export async function checkLocations(
  _input: SetNodeLocation,
  { sql, signal }: Pick<Reading, 'sql' | 'signal'>,
  { steps }: EndedRun & { readonly ending?: OtherEnding },
): Promise<PostCheck> {
  const { backends } = await readTopology(sql, { signal, route: 'leader' });
  const last = new Map(
    steps
      .filter(({ kind, state }) => kind === labelBackend.kind && (state === 'done' || state === 'already'))
      .map(({ params }) => [`${params.host}:${params.port}`, params]),
  );
  const checks: NamedCheck[] = [...last.values()].map(({ label, host, port, location }) => {
    const row = backends.find((each) => each.host === host && each.heartbeatPort === port);
    return found(`location-of-${host}:${port}`, 'BLOCK', row !== undefined && row.location === location, {
      observed: row === undefined ? `${label} is in the cluster no more` : `${label} ${standing(row.location)}`,
      wanted: standing(typeof location === 'string' ? location : null),
      hint: 'Look at the column Location of SHOW BACKENDS.',
    });
  });
  const spread = spreadCheck(await spreadOrNull(sql, signal), backends);
  return { passed: checks.length > 0 && nothingBlocks(checks), checks: [...checks, spread] };
}

function standing(location: string | null): string {
  return location === null ? 'has no location' : `stands in ${location}`;
}

async function spreadOrNull(sql: Reading['sql'], signal: AbortSignal) {
  try {
    return await readReplicaSpread(sql, { signal });
  } catch (error) {
    if (error instanceof AppError && error.code !== 'CANCELED') return null;
    throw error;
  }
}
