import { describe, expect, it } from 'vitest';
import { strangersIn } from '../../../src/domain/deploy/first-users.ts';
import { AppError } from '../../../src/errors.ts';
import { secureFirstFrontend } from '../../../src/operations/topology/deploy-cluster/secure-first-frontend.ts';
import type { EngineContext, Ports } from '../../../src/steps/define.ts';

const params = {
  ...{ label: 'fe 10.0.0.1:9010', host: '10.0.0.1', queryPort: 9030, sqlUser: 'starwarden' },
  ...{ passwordRef: 'secret:sec_own', rootPasswordRef: 'secret:sec_root' },
};

type Seen = { users: Record<string, string>; sessions: { User: string; Host: string }[] };

/** A frontend that knows passwords by their references, and what was changed on it. */
function frontend(seen: Partial<Seen> & { isShut?: boolean } = {}) {
  const users: Record<string, string> = { root: '', ...seen.users };
  const sessions = [{ User: 'root', Host: '10.0.0.9:4000' }, ...(seen.sessions ?? [])];
  const changes: string[] = [];
  const sqlAs: Ports['sqlAs'] = ({ user, passwordRef }) => ({
    query: async ({ name, effect }) => {
      if (seen.isShut === true) throw new AppError('SQL_UNREACHABLE', 'shut', { retryable: true });
      if (users[user] !== (passwordRef ?? '')) throw new AppError('SQL_AUTH_FAILED', 'Access denied');
      if (effect === 'change') changes.push(name);
      if (name === 'set-own-password') users.root = params.rootPasswordRef;
      if (name === 'create-own-user') users.starwarden = params.passwordRef;
      if (name === 'show-processlist') return sessions;
      if (name !== 'show-authentication') return [];
      return Object.entries(users).map(([each, password]) => ({
        UserIdentity: `'${each}'@'%'`,
        Password: password === '' ? 'No' : 'Yes',
      }));
    },
  });
  return { sqlAs, changes };
}

const context = (attempts = 0): EngineContext => ({
  ...{ runId: 'run_1', clusterId: 'clu_1', signal: new AbortController().signal, now: () => new Date(0) },
  ...{ log: () => {}, startedAt: null, attempts, applied: false, waitingLanes: 0, earlier: async () => null },
});
const portsOf = ({ sqlAs }: Pick<Ports, 'sqlAs'>) => ({ sqlAs }) as Ports; // the step is handed no other
const check = (of: Pick<Ports, 'sqlAs'>, attempts = 0) =>
  secureFirstFrontend.check(params, portsOf(of), context(attempts));

describe('securing the first frontend', () => {
  it('waits while it does not take logins, sets the password of root first, then makes the user', async () => {
    expect(await check(frontend({ isShut: true }))).toMatchObject({ state: 'moving' });
    const fresh = frontend();
    expect(await check(fresh)).toEqual({ state: 'todo' });
    await secureFirstFrontend.apply(params, portsOf(fresh), context(1));
    expect(fresh.changes.slice(0, 2)).toEqual(['set-own-password', 'create-own-user']);
    expect(fresh.changes.at(-1)).toBe('set-own-roles');
    expect(await check(fresh, 1)).toEqual({ state: 'done' });
  });

  it('goes on when the password was set and its answer lost', async () => {
    const lost = frontend({ users: { root: params.rootPasswordRef } });
    expect(await check(lost, 1)).toEqual({ state: 'todo' });
    await secureFirstFrontend.apply(params, portsOf(lost), context(2));
    expect(lost.changes).not.toContain('set-own-password');
    expect(await check(lost, 2)).toEqual({ state: 'done' });
  });

  it.each<[string, Partial<Seen>, number, RegExp]>([
    ['another password of root', { users: { root: 'foreign' } }, 1, /root has a password that this run has not set/],
    ['our password before we set it', { users: { root: params.rootPasswordRef } }, 0, /before this run did/],
    ['our user before we made it', { users: { starwarden: params.passwordRef } }, 0, /before this run did/],
    ['a user nobody made', { users: { mallory: 'x' } }, 0, /'mallory'@'%'/],
    ['a session from elsewhere', { sessions: [{ User: 'root', Host: '10.6.6.6:1' }] }, 0, /10\.6\.6\.6/],
    [
      'another password of our user',
      { users: { root: params.rootPasswordRef, starwarden: 'foreign' } },
      1,
      /starwarden has a password that this run has not set/,
    ],
  ])('fails with the word to throw the cluster away: %s', async (_name, seen, attempts, why) => {
    const taken = frontend(seen);
    expect(await check(taken, attempts)).toMatchObject({
      ...{ state: 'blocked', code: 'PRECONDITION_FAILED', message: expect.stringMatching(why) },
      hint: expect.stringContaining('Throw this cluster away'),
    });
    expect(taken.changes).toEqual([]);
  });

  it('looks once more before it sends anything', async () => {
    const taken = frontend({ sessions: [{ User: 'root', Host: '10.6.6.6:1' }] });
    await expect(secureFirstFrontend.apply(params, portsOf(taken), context(1))).rejects.toThrow(
      /^fe .* was open for others before root had its password: .*10\.6\.6\.6/,
    );
    expect(taken.changes).toEqual([]);
  });

  it('makes no user while root has no password', async () => {
    const fresh = frontend();
    const empty = { ...params, rootPasswordRef: '' };
    await expect(secureFirstFrontend.apply(empty, portsOf(fresh), context(1))).rejects.toMatchObject({
      ...{ code: 'PRECONDITION_FAILED', message: 'root has no password still' },
      hint: expect.stringMatching(/^The password that was given is empty/),
    });
    expect(fresh.changes).toEqual([]);
  });

  it('takes sessions of its own from one address for its own, with IPv6 too', () => {
    const session = (from: string) => ({ user: 'root', from });
    const users = [{ identity: "'root'@'%'", hasPassword: false }];
    expect(strangersIn({ users, sessions: [session('[fd00::1]:1'), session('[fd00::1]:2')] }, 'sw')).toEqual([]);
    expect(strangersIn({ users, sessions: [session('[fd00::1]:1'), session('[fd00::2]:2')] }, 'sw')).toHaveLength(1);
  });
});
