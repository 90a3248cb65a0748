import type { Session } from './session.ts';

/** The SQL connections of one frontend. Ids are never reused while the process lives. */
export type Connections = {
  nextId(): number;
  add(session: Session, close: () => void): void;
  remove(session: Session): void;
  list(): Session[];
  find(connectionId: number): Session | null;
  close(connectionId: number): void;
};

type Options = {
  /** From 3.5 on an id carries the id of its frontend in bits 24 to 31. */
  frontendId: () => number | null;
};

export function createConnections({ frontendId }: Options): Connections {
  const open = new Map<number, { session: Session; close: () => void }>();
  let counter = 0;
  return {
    nextId: () => ((((frontendId() ?? 0) & 0x7f) << 24) | (counter++ & 0xffffff)) >>> 0,
    add: (session, close) => open.set(session.connectionId, { session, close }),
    remove: (session) => open.delete(session.connectionId),
    list: () => [...open.values()].map(({ session }) => session),
    find: (connectionId) => open.get(connectionId)?.session ?? null,
    close: (connectionId) => open.get(connectionId)?.close(),
  };
}
