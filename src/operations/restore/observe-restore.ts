import type { Reading } from '../../adapters/reading.ts';
import { findChain, isChain, type Wanted } from '../../domain/restore/chain.ts';
import { chooseReplicas, type Place } from '../../domain/restore/preflight.ts';
import { AppError } from '../../errors.ts';
import { groundOf } from './ground.ts';
import { observeSurroundings } from './observe.ts';
import type { RestorePlanFacts } from './plan.ts';
import { readSelection } from './read-selection.ts';

export type Asked = {
  readonly place: Place;
  readonly database: string;
  readonly target: string;
  readonly tables: readonly string[] | null;
  /** Both left out = now. */
  readonly at?: string | undefined;
  readonly backupId?: string | undefined;
  readonly replicas?: number | undefined;
};

/** Finds the backups of what is asked for, and looks at everything that may speak against restoring them. */
export async function observeRestore(asked: Asked, reading: Reading): Promise<RestorePlanFacts> {
  const { catalogue, clusterId, now } = reading;
  const { place, database, target, at, backupId } = asked;
  const path = ['input', 'at'];
  if (at !== undefined && backupId !== undefined) {
    const message = 'A time and a backup were asked for; the two may not be of the same moment';
    return { refusal: { code: 'INVALID_INPUT', message, hint: 'Name one of them.', path } };
  }
  const wanted: Wanted = backupId !== undefined ? { backupId } : { at: at === undefined ? now() : new Date(at) };
  if ('at' in wanted && wanted.at.getTime() > now().getTime() + 60_000) {
    const message = `${at} lies ahead`;
    return { refusal: { code: 'INVALID_INPUT', message, hint: 'Times are in UTC unless they name a zone.', path } };
  }
  const chain = findChain({ backups: await catalogue.listCatalogued({ clusterId, database }), database, wanted });
  if (!isChain(chain)) return { noChain: chain };
  const given = {
    ...{ place, database, target, fullId: chain.full.id, chosenId: chain.chosen.id },
    tables: asked.tables === null ? null : [...new Set(asked.tables)],
  };
  try {
    const { selection } = await readSelection(catalogue, given);
    const around = await observeSurroundings({ database, target }, reading);
    const living = around.backends.filter(({ alive }) => alive).length;
    const restored = selection.tables.map(({ name }) => name);
    const replicas = chooseReplicas(asked.replicas, { tables: around.tables, restored, living });
    const ground = await groundOf({ ...given, replicas }, around, { catalogue, clusterId });
    return { chain, ground, askedAt: 'at' in wanted ? wanted.at : null };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'PRECONDITION_FAILED') throw error;
    return {
      refusal: { code: 'PRECONDITION_FAILED', message: error.message, hint: error.hint ?? 'Choose another backup.' },
    };
  }
}
