import { parseLocation } from '../../../domain/backup/store-location.ts';
import { defineStep } from '../../../steps/define.ts';
import { differenceOf, findMounted } from './find-mounted.ts';
import { accessParams, placeParams, repositorySubject } from './store-params.ts';

/** Puts a repository that StarRocks knows under management. */
export const recordRepository = defineStep({
  kind: 'recordRepository',
  params: placeParams.extend({ access: accessParams.nullable() }),
  about: repositorySubject,
  effect: 'changes',
  ports: ['sql', 'catalogue'],
  timeoutMs: 60_000,
  repeat: 'safe',
  describe: ({ name, location }) => `Put the repository ${name} at ${location} under management`,
  check: async (wanted, { sql, catalogue }, { signal, clusterId }) => {
    const row = await findMounted(sql, wanted.name, signal);
    const difference = row === null ? `StarRocks has no repository ${wanted.name} any more` : differenceOf(row, wanted);
    if (difference !== null)
      return {
        state: 'blocked',
        code: 'PLAN_STALE',
        message: difference,
        hint: 'Look at the repositories of the cluster, then ask again.',
      };
    const known = await catalogue.findRepository(clusterId, wanted.name);
    const isRecorded =
      known?.location === wanted.location &&
      known.readOnly === wanted.readOnly &&
      known.access?.secretKeyRef === wanted.access?.secretKeyRef;
    return { state: isRecorded ? 'done' : 'todo' };
  },
  apply: async ({ name, location, readOnly, access }) => {
    const kind = parseLocation(location)?.kind ?? 'OTHER';
    const repository = { name, location, readOnly, access, kind, origin: 'TAKEN_OVER' } as const;
    return { state: 'done', records: [{ record: 'repositorySaved', repository, spent: [] }] };
  },
  undo: { nothing: 'Only what Starwarden knows of it has changed; taking it over again changes that once more.' },
});
