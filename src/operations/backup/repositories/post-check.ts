import type { Reading } from '../../../adapters/reading.ts';
import { isSameLocation } from '../../../domain/backup/store-location.ts';
import { nothingBlocks } from '../../../domain/end-checks.ts';
import type { PostCheck } from '../../../domain/run.ts';
import { found } from '../../../domain/verdict.ts';
import { findMounted } from './find-mounted.ts';

type Looking = Pick<Reading, 'sql' | 'signal' | 'catalogue' | 'clusterId'>;

/** StarRocks has the repository at this place, and it is under management. `location` null = wherever it is. */
export async function checkMounted(
  { name, location }: { readonly name: string; readonly location: string | null },
  { sql, signal, catalogue, clusterId }: Looking,
): Promise<PostCheck> {
  const row = await findMounted(sql, name, signal);
  const known = await catalogue.findRepository(clusterId, name);
  const wanted = location ?? known?.location ?? '';
  const checks = [
    found('repository-mounted', 'BLOCK', row !== null && isSameLocation(row.location, wanted), {
      observed: row === null ? `StarRocks has no repository ${name}` : `at ${row.location}`,
      wanted: `${name} at ${wanted}`,
      hint: 'Look at SHOW REPOSITORIES, then retry the run.',
    }),
    found('repository-managed', 'BLOCK', known !== null, {
      observed: known === null ? 'not under management' : 'under management',
      wanted: 'under management',
      hint: 'Retry the run.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks };
}

/** Neither StarRocks nor Starwarden has the repository any more. */
export async function checkForgotten(name: string, { sql, signal, catalogue, clusterId }: Looking): Promise<PostCheck> {
  const row = await findMounted(sql, name, signal);
  const known = await catalogue.findRepository(clusterId, name);
  const checks = [
    found('repository-forgotten', 'BLOCK', row === null && known === null, {
      observed: row === null ? (known === null ? 'forgotten' : 'still under management') : `still at ${row.location}`,
      wanted: `no repository ${name}`,
      hint: 'Look at SHOW REPOSITORIES, then retry the run.',
    }),
  ];
  return { passed: nothingBlocks(checks), checks };
}
