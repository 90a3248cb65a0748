import { familyOf, minute } from './build.ts';

export const metadataRules = familyOf('metadata', [
  {
    name: 'checkpoint_not_running',
    title: 'No image is made of the metadata of {node}',
    pastTitle: 'No image was made of the metadata of {node}',
    on: {
      ...{ kind: 'METRIC', metric: 'journal_since_image', of: 'EACH', nodes: ['FRONTEND'] },
      ...{ compare: 'ABOVE', threshold: 150_000, clear: 60_000 },
    },
    forMs: 10 * minute,
    severity: 'HIGH',
    means: 'The journal grows on disk, and a frontend that starts has to read all of it: a restart can take hours.',
    todo: 'Look for "checkpoint" in fe.log of the leader: heap that is too small and a full disk of meta_dir are the usual reasons. Restart no frontend before.',
  },
]);
