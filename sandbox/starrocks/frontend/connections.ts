import type { Session } from './session.ts';

/** The SQL connections of one frontend. Ids are never reused while the process lives. */
export type Connections = {
  nextId(): number;
  add(session: Session, close: () => void): void;
  remove(session: Session): void;
  list(): Session[];
  /** Remembers a name that somebody tried to log in with. */
  tried(user: string): void;
  /** How many are open, by user; names of failed logins stay in it with 0. */
  byUser(): ReadonlyMap<string, number>;
  find(connectionId: number): Session | null;
  close(connectionId: number): void;
};

type Options = {
  /** From 3.5 on an id carries the id of its frontend in bits 24 to 31. */
  frontendId: () => number | null;
};

export function createConnections({ frontendId }: Options): Connections {
  const open = new Map<number, { session: Session; close: () => void }>();
  const counts = new Map<string, number>();
  const count = (user: string, by: number) => counts.set(user, (counts.get(user) ?? 0) + by);
  let counter = 0;
  return {
    nextId: () => ((((frontendId() ?? 0) & 0x7f) << 24) | (counter++ & 0xffffff)) >>> 0,
    add(session, close) {
      open.set(session.connectionId, { session, close });
      count(session.user, 1);
    },
    remove(session) {
      if (open.delete(session.connectionId)) count(session.user, -1);
    },
    tried: (user) => count(user, 0),
    byUser: () => counts,
    list: () => [...open.values()].map(({ session }) => session),
    find: (connectionId) => open.get(connectionId)?.session ?? null,
    close: (connectionId) => open.get(connectionId)?.close(),
  };
}
