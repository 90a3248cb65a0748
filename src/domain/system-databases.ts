/** Databases that StarRocks makes and fills by itself. Names of databases are case-sensitive, but not the names of these. */
const systemDatabases: ReadonlySet<string> = new Set(['information_schema', 'sys', '_statistics_']);

/**
 * Whether a database belongs to StarRocks itself: no operation of ours writes there, and what is missing there can be
 * made again. StarRocks accepts a RESTORE into `information_schema`, so Starwarden has to refuse it.
 */
export function isSystemDatabase(name: string): boolean {
  return systemDatabases.has(name.trim().toLowerCase());
}
