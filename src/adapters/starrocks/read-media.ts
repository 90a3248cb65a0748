import { AppError } from '../../errors.ts';
import { inParallel } from '../in-parallel.ts';
import { type Found, ofEach } from './fact-answer.ts';
import { parseBackends } from './parse.ts';
import type { SqlCall, SqlReader } from './port.ts';
import { readDisks } from './read-disks.ts';
import { showBackends } from './statements.ts';

/** Each costs a statement. */
const mostBackends = 200;
const atOnce = 4;

/** The room of each storage medium, over all living backends. Disks whose medium nobody told are left out. */
export async function readMediumFacts(sql: SqlReader, call: SqlCall): Promise<Found> {
  const backends = parseBackends(await sql.query(showBackends(), { ...call, route: 'leader' }));
  const living = backends.filter(({ alive }) => alive);
  if (living.length > mostBackends)
    throw new AppError('SQL_FAILED', `${living.length} backends are more than the ${mostBackends} that are asked`);
  const disks = (await inParallel(living, atOnce, ({ id }) => readDisks(sql, id, call))).flat();
  const rooms = disks.flatMap(({ medium, totalBytes: total, availableBytes: available }) =>
    medium === null || total === null || available === null ? [] : [{ medium, total, available }],
  );
  const media = [...Map.groupBy(rooms, ({ medium }) => medium)].map(([medium, all]) => ({
    medium,
    total: all.reduce((sum, { total }) => sum + total, 0),
    available: all.reduce((sum, { available }) => sum + available, 0),
  }));
  const subjectOf = ({ medium }: { medium: string }) => ({ medium });
  return {
    // What SHOW PROC rounds may make more available than there is.
    medium_used_share: ofEach(media, subjectOf, ({ total, available }) =>
      total > 0 ? Math.max(0, 1 - available / total) : null,
    ),
    medium_available_bytes: ofEach(media, subjectOf, ({ available }) => available),
  };
}
