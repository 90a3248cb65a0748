import { z } from 'zod';
import { makeOwnUser, setOwnPassword } from '../../../adapters/starrocks/new-cluster-statements.ts';
import type { SqlCall } from '../../../adapters/starrocks/port.ts';
import { readFirstUsers } from '../../../adapters/starrocks/read-first-users.ts';
import { showFrontends } from '../../../adapters/starrocks/statements.ts';
import { isRootSecured, ownIdentity, strangersIn } from '../../../domain/deploy/first-users.ts';
import type { Check } from '../../../domain/next-action.ts';
import type { Subject } from '../../../domain/subject.ts';
import { AppError } from '../../../errors.ts';
import { defineStep, type Ports, type ReadingPorts } from '../../../steps/define.ts';

export const firstFrontend = z.object({
  label: z.string(),
  host: z.string(),
  queryPort: z.number(),
  rootPasswordRef: z.string(),
});

const params = firstFrontend.extend({ sqlUser: z.string(), passwordRef: z.string() });
type Params = z.infer<typeof params>;
type Blocked = Extract<Check, { state: 'blocked' }>;

/** Short: until root has a password, every second counts. */
const timeoutMs = 5_000;
const soonMs = 300;

/**
 * Closes the door of a new cluster before anything else is added: root, who has no password when a frontend opens, gets one,
 * and Starwarden's own user is made. Whoever was there before or meanwhile makes it fail: what they did cannot be known, so
 * the cluster is thrown away. Sent again after a lost answer, it finds out by logging in which password holds.
 */
export const secureFirstFrontend = defineStep({
  kind: 'secureFirstFrontend',
  params,
  about: ({ label }): Subject => ({ kind: 'node', id: null, label }),
  effect: 'changes',
  ports: ['sqlAs'],
  timeoutMs: 300_000,
  settleMs: 15_000,
  repeat: 'safe', // each statement can be sent again
  describe: ({ label, sqlUser }) =>
    `Give root of ${label} its password as soon as it opens, make the user ${sqlUser}, and look that nobody else was there`,
  check: async (place, { sqlAs }, { signal, attempts }) => {
    const call = { signal, timeoutMs };
    const door = await tryDoor(place, sqlAs, call);
    if (door === 'shut') {
      const message = `${place.label} does not take logins yet`;
      return { state: 'moving', progress: { completed: 0, total: null, message }, wakeAfterMs: soonMs };
    }
    if (door === 'foreign') return thrownAway(place, 'root has a password that this run has not set');
    const seen = await readFirstUsers(rootOf(place, sqlAs, door), call);
    const [stranger] = strangersIn(seen, place.sqlUser);
    if (stranger !== undefined) return thrownAway(place, stranger);
    const isMade = seen.users.some(({ identity }) => identity === ownIdentity(place.sqlUser));
    if (attempts === 0 && (door === 'ours' || isMade))
      return thrownAway(place, 'somebody has set the password of root or made a user before this run did');
    if (door === 'open' || !isRootSecured(seen.users) || !isMade) return { state: 'todo' };
    return ownUserWorks(place, sqlAs, call);
  },
  apply: async (place, { sqlAs }, { signal, log }) => {
    const call = { signal, timeoutMs };
    const door = await tryDoor(place, sqlAs, call);
    if (door === 'shut')
      throw new AppError('SQL_UNREACHABLE', `${place.label} does not take logins`, { retryable: true });
    if (door === 'foreign') throw asError(thrownAway(place, 'root has a password that this run has not set'));
    if (door === 'open') {
      const root = rootOf(place, sqlAs, 'open');
      await refuseStrangers(place, root, call);
      await root.query(setOwnPassword(place.rootPasswordRef), call);
      log('root has its password');
    }
    const root = rootOf(place, sqlAs, 'ours');
    const seen = await refuseStrangers(place, root, call);
    if (!isRootSecured(seen.users)) {
      throw new AppError('PRECONDITION_FAILED', 'root has no password still', {
        hint: 'The password that was given is empty. Undo the run, and give another one.',
      });
    }
    const { sqlUser: user, passwordRef } = place;
    for (const statement of makeOwnUser({ user, passwordRef })) await root.query(statement, call);
    await refuseStrangers(place, root, call);
    log(`the user ${user} is made`);
  },
  undo: { planned: 'The whole cluster is thrown away when the run is undone.' },
});

type Door = 'shut' | 'open' | 'ours' | 'foreign';
type SqlAs = ReadingPorts<'sqlAs'>['sqlAs'];

/** `open` = root comes in without a password; `ours` = with the one that was given; `foreign` = with neither. */
async function tryDoor(place: Params, sqlAs: SqlAs, call: SqlCall): Promise<Door> {
  for (const door of ['ours', 'open'] as const) {
    try {
      await rootOf(place, sqlAs, door).query(showFrontends(), call);
      return door;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'SQL_UNREACHABLE') return 'shut';
      if (error.code !== 'SQL_AUTH_FAILED') throw error;
    }
  }
  return 'foreign';
}

function rootOf<Sql>(place: Params, sqlAs: (login: Parameters<Ports['sqlAs']>[0]) => Sql, door: 'open' | 'ours'): Sql {
  const { host, queryPort: port, rootPasswordRef } = place;
  return sqlAs({ host, port, user: 'root', passwordRef: door === 'ours' ? rootPasswordRef : null });
}

async function refuseStrangers(place: Params, root: ReturnType<SqlAs>, call: SqlCall) {
  const seen = await readFirstUsers(root, call);
  const [stranger] = strangersIn(seen, place.sqlUser);
  if (stranger !== undefined) throw asError(thrownAway(place, stranger));
  return seen;
}

/** Its roles take effect by the last statement, so what it may do shows that all were sent. */
async function ownUserWorks({ host, queryPort, ...place }: Params, sqlAs: SqlAs, call: SqlCall): Promise<Check> {
  const { sqlUser: user, passwordRef } = place;
  try {
    await sqlAs({ host, port: queryPort, user, passwordRef }).query(showFrontends(), call);
    return { state: 'done' };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'SQL_PRIVILEGE_MISSING') return { state: 'todo' };
    if (error.code !== 'SQL_AUTH_FAILED') throw error;
    return thrownAway(place, `${user} has a password that this run has not set`);
  }
}

function thrownAway({ label }: Pick<Params, 'label'>, why: string): Blocked {
  return {
    state: 'blocked',
    code: 'PRECONDITION_FAILED',
    message: `${label} was open for others before root had its password: ${why}`,
    hint: 'Throw this cluster away: undo the run. Close its query port for others, then ask again.',
  };
}

function asError({ code, message, hint }: Blocked): AppError {
  return new AppError(code, message, { hint });
}
