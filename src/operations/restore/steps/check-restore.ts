import { findUsable } from '../../../domain/backup/usable.ts';
import { checkRestore } from '../../../domain/restore/preflight.ts';
import { blocks } from '../../../domain/verdict.ts';
import { defineStep } from '../../../steps/define.ts';
import { groundOf } from '../ground.ts';
import { observeSurroundings } from '../observe.ts';
import { ofTarget, restoreParams } from '../params.ts';

/** The checks of the plan once more, since hours may lie between: a backup deleted, a name taken, backends gone. */
export const checkGround = defineStep({
  kind: 'checkRestore',
  params: restoreParams,
  about: ofTarget,
  effect: 'looks',
  ports: ['sql', 'catalogue', 'inventory'],
  timeoutMs: 600_000,
  repeat: 'safe',
  describe: ({ place, database, target }) =>
    `Look whether ${place === 'OWN_NAMES' ? `tables can be restored in ${database}` : `${database} can be restored as ${target}`}`,
  check: async (given, { sql, catalogue, inventory }, { signal, clusterId, log }) => {
    const around = await observeSurroundings(given, { sql, inventory, clusterId, signal });
    const usable = findUsable(await catalogue.listCatalogued({ clusterId, database: given.database }));
    const lost = [given.fullId, given.chosenId].find((id) => !usable.has(id));
    if (lost !== undefined)
      return {
        ...{ state: 'blocked', code: 'PREFLIGHT_FAILED', message: `The backup ${lost} cannot be restored any more` },
        hint: 'Ask again: another backup is found.',
      };
    const checks = checkRestore(await groundOf(given, around, { catalogue, clusterId }));
    const bad = checks.filter(blocks);
    for (const { name, observed, status } of checks) if (status === 'FAIL') log(`${name}: ${observed}`);
    const [first] = bad;
    if (first === undefined) return { state: 'done' };
    const message = bad.map(({ name, observed }) => `${name}: ${observed}`).join('; ');
    return { state: 'blocked', code: 'PREFLIGHT_FAILED', message, hint: first.hint ?? 'Look at the plan anew.' };
  },
  undo: { nothing: 'It only looks.' },
});
