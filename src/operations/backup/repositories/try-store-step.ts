import { z } from 'zod';
import { AppError } from '../../../errors.ts';
import { defineStep } from '../../../steps/define.ts';
import { accessParams, placeParams, repositorySubject } from './store-params.ts';
import { repositoryInfo, tryToChange, tryToRead } from './try-store.ts';

/**
 * Tries the store before anything depends on it. What is left of a try that broke off is one object with a name that only
 * Starwarden uses, and the next try of the same run writes over it and removes it.
 */
export const tryStore = defineStep({
  kind: 'tryStore',
  params: placeParams.extend({
    access: accessParams,
    /** StarRocks has it already, so that a store without it is another one. */
    isMounted: z.boolean(),
  }),
  about: repositorySubject,
  effect: 'changes',
  ports: ['objectsAt'],
  timeoutMs: 300_000,
  repeat: 'safe',
  describe: ({ location, readOnly }) =>
    readOnly ? `Try to list and read ${location}` : `Try to list, write, read and remove one object in ${location}`,
  check: async () => ({ state: 'todo' }),
  apply: async ({ readOnly, isMounted, ...place }, { objectsAt }, { signal, log, runId }) => {
    try {
      const store = await objectsAt(place);
      const { isThere } = await tryToRead(store, signal);
      if (isMounted && !isThere)
        return {
          state: 'blocked',
          code: 'PRECONDITION_FAILED',
          message: `This store holds no ${repositoryInfo} of ${place.name} at ${place.location}, and StarRocks has the repository: it is another store`,
          hint: 'Give the endpoint that StarRocks was given when the repository was made.',
          records: [],
        };
      if (readOnly) {
        log(isThere ? 'The store holds this repository already' : 'The store holds nothing of this repository yet');
      } else await tryToChange(store, { marker: `__starwarden_${runId}`, signal });
    } catch (error) {
      const isAnswer = error instanceof AppError && error.code.startsWith('OBJECT_STORE_') && !signal.aborted;
      if (!isAnswer) throw error;
      // Tried three times already: a person who has misspelt a port is told so at once.
      const { code, message, hint } = error;
      return { state: 'blocked', code, message, hint: hint ?? 'Look at the store.', records: [] };
    }
    return { state: 'done' };
  },
  undo: { nothing: 'The object that was written was removed.' },
});
