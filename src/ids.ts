import { monotonicFactory } from 'ulid';

const nextUlid = monotonicFactory();

export type IdPrefix =
  | 'clu'
  | 'nod'
  | 'hst'
  | 'sec'
  | 'run'
  | 'bak'
  | 'rep'
  | 'alr'
  | 'apr'
  | 'chg'
  | 'per'
  | 'tok'
  | 'msg'
  | 'cmd'
  | 'rel'
  | 'upg'
  | 'sch'
  | 'win'
  | 'blk'
  | 'hld'
  | 'rpy'
  | 'bpl'
  | 'rmn'
  | 'arl'
  | 'aro'
  | 'sil'
  | 'agr'
  | 'dig'
  | 'rte'
  | 'rot'
  | 'ovr'
  | 'esc'
  | 'edl';

/** A new opaque id: `<type>_<ulid>`. Ids made later in one process sort after earlier ones. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${nextUlid()}`;
}
