import { createHash } from 'node:crypto';

/** What StarRocks takes as the name of a database. */
const longest = 256;

/**
 * The name of the database that a restore fills: `sales__r20261128_095612`. It is made of the name that it comes from and of
 * the moment of the request; what is too long is cut, and told apart by a hash of the whole.
 */
export function nameCopy(database: string, at: Date): string {
  const stamp = `__r${at.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_')}`;
  if (database.length + stamp.length <= longest) return `${database}${stamp}`;
  const hash = createHash('sha256').update(database).digest('hex').slice(0, 8);
  // By characters, not by halves of one.
  const room = longest - stamp.length - hash.length - 1;
  const start = [...database].reduce((cut, next) => (cut.length + next.length > room ? cut : cut + next), '');
  return `${start}_${hash}${stamp}`;
}
