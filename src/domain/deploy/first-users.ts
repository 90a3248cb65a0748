/** One row of SHOW ALL AUTHENTICATION. */
export type UserRow = {
  /** `'root'@'%'` */
  readonly identity: string;
  readonly hasPassword: boolean;
};

/** One row of SHOW PROCESSLIST. */
export type SessionRow = {
  readonly user: string;
  /** `10.0.0.5:53512`, where the session comes from. */
  readonly from: string;
};

const root = "'root'@'%'";

export function ownIdentity(user: string): string {
  return `'${user}'@'%'`;
}

/**
 * Who was in a new cluster besides Starwarden, as sentences; empty = nobody. A frontend opens with a root that has no password,
 * so whoever came in before it had one may have done anything. The session that asks is always in the list: where all come from
 * one address, that is the address of Starwarden.
 */
export function strangersIn(
  { users, sessions }: { readonly users: readonly UserRow[]; readonly sessions: readonly SessionRow[] },
  ownUser: string,
): readonly string[] {
  const others = users.map(({ identity }) => identity).filter((name) => name !== root && name !== ownIdentity(ownUser));
  const addresses = [...new Set(sessions.map(({ from }) => from.replace(/:\d+$/, '')))];
  const foreign = [...new Set(sessions.map(({ user }) => user))].filter((user) => user !== 'root' && user !== ownUser);
  return [
    ...(others.length === 0 ? [] : [`it has users that this run has not made: ${others.join(', ')}`]),
    ...(foreign.length === 0 ? [] : [`${foreign.join(', ')} is logged in`]),
    ...(addresses.length <= 1 ? [] : [`there are sessions from several addresses: ${addresses.join(', ')}`]),
  ];
}

export function hasPassword(users: readonly UserRow[], identity: string): boolean {
  return users.some((user) => user.identity === identity && user.hasPassword);
}

export function isRootSecured(users: readonly UserRow[]): boolean {
  return hasPassword(users, root);
}
