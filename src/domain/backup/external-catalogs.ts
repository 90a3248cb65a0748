import type { DatabaseState } from './content.ts';

/**
 * What stands in the place of a database in the history for a backup of external catalogs, which belong to none. No database
 * can be called so: the name of one begins with a letter or an underscore (StarRocks 3.5, `FeNameFormat`).
 */
export const externalCatalogs = '(external catalogs)';

export function isOfCatalogs({ database }: { readonly database: string }): boolean {
  return database === externalCatalogs;
}

/** External catalogs as what a backup holds: names only, since what they are made of is secret in part. */
export function stateOfCatalogs(names: readonly string[]): DatabaseState {
  return {
    tables: names.map((name) => ({ id: null, name, type: 'EXTERNAL_CATALOG', schema: null, partitions: [] })),
  };
}

/** What no backup of external catalogs holds, as sentences. */
export const notHeldOfCatalogs: readonly string[] = [
  'The data that external catalogs point at: they stay with the systems that own them',
  'Rights on external catalogs',
];
