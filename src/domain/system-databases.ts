/** What StarRocks makes and fills by itself; names of databases are told apart by case, those of its own are not. */
const systemDatabases: ReadonlySet<string> = new Set(['information_schema', 'sys', '_statistics_']);

/**
 * Whether a database belongs to StarRocks itself: no operation of ours writes there, and what is missing there can be made
 * again. StarRocks takes a RESTORE into `information_schema`, so that it must be refused before.
 */
export function isSystemDatabase(name: string): boolean {
  return systemDatabases.has(name.trim().toLowerCase());
}
