import { type Change, type ClusterState, change } from './state.ts';

/** Draws ids from the one counter of the cluster; `change` must be part of the same journal entry. */
export type Ids = { next(): number; change(): Change };

const firstId = 10001;

export function createIds(state: ClusterState): Ids {
  let nextId = Number(state.settings.get('nextId') ?? firstId);
  return {
    next: () => nextId++,
    change: () => change('settings', 'nextId', String(nextId)),
  };
}
