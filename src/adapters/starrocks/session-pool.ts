import { createHash } from 'node:crypto';
import type { Deadline } from '../deadline.ts';
import { createSlots, type Slots } from '../slots.ts';
import { type Login, openSession, type Session } from './session.ts';

/** A session lent out; exactly one of `giveBack` and `discard` has to be called. */
export type SessionLease = {
  readonly session: Session;
  /** False = opened for this call. */
  readonly isReused: boolean;
  giveBack(): void;
  /** Logs out: for a session that nobody is to use again. */
  end(): void;
  /** For a session in an unknown state: something was sent and not answered. */
  discard(): void;
};

export type LeaseOptions = {
  /** For the whole call, including the wait for a free place. */
  readonly deadline: Deadline;
  /** For connecting and logging in. */
  readonly connectDeadline: Deadline;
  /** Pings an idle session first, so that a change is not sent into a dead connection. */
  readonly checkFirst: boolean;
  /** Leaves idle sessions where they are. */
  readonly isNewLogin?: boolean;
};

export type SessionPool = {
  lease(login: Login, options: LeaseOptions): Promise<SessionLease>;
  close(): void;
};

type Idle = { readonly session: Session; readonly timer: NodeJS.Timeout };
type Shelf = { readonly slots: Slots; idle: Idle[] };

/** The sessions of one process, by frontend and credentials: a new password never uses a session of an older login. */
export function createSessionPool({ maxPerFrontend, idleMs }: { maxPerFrontend: number; idleMs: number }): SessionPool {
  const shelves = new Map<string, Shelf>();
  const open = new Set<Session>();
  let isClosed = false;

  const shelfOf = (key: string): Shelf => {
    const shelf = shelves.get(key) ?? { slots: createSlots(maxPerFrontend), idle: [] };
    shelves.set(key, shelf);
    return shelf;
  };

  const takeIdle = async (shelf: Shelf, { connectDeadline, checkFirst }: LeaseOptions): Promise<Session | null> => {
    for (let entry = shelf.idle.pop(); entry !== undefined; entry = shelf.idle.pop()) {
      const { session, timer } = entry;
      clearTimeout(timer);
      if (!session.isUsable()) continue;
      if (!checkFirst) return session;
      const isAlive = await connectDeadline.race(session.ping()).then(
        () => true,
        () => false,
      );
      if (isAlive) return session;
      forget(session);
      session.destroy();
      connectDeadline.signal.throwIfAborted();
    }
    return null;
  };

  const shelve = (shelf: Shelf, session: Session) => {
    if (isClosed || !session.isUsable()) {
      forget(session);
      return session.end();
    }
    const remove = () => {
      shelf.idle = shelf.idle.filter((entry) => entry.session !== session);
      forget(session);
    };
    const timer = setTimeout(() => {
      remove();
      session.end();
    }, idleMs).unref();
    session.onLost(() => {
      clearTimeout(timer);
      remove();
    });
    shelf.idle.push({ session, timer });
  };

  const forget = (session: Session) => open.delete(session);

  return {
    async lease(login, options) {
      if (isClosed) throw new Error('the pool of SQL sessions is closed');
      const shelf = shelfOf(keyOf(login));
      const free = await shelf.slots.take(options.deadline.signal);
      try {
        const reused = options.isNewLogin === true ? null : await takeIdle(shelf, options);
        const session = reused ?? (await openSession(login, options.connectDeadline));
        open.add(session);
        return {
          session,
          isReused: reused !== null,
          giveBack() {
            shelve(shelf, session);
            free();
          },
          end() {
            forget(session);
            session.end();
            free();
          },
          discard() {
            forget(session);
            session.destroy();
            free();
          },
        };
      } catch (error) {
        free();
        throw error;
      }
    },
    close() {
      isClosed = true;
      for (const { idle } of shelves.values()) {
        for (const { timer } of idle) clearTimeout(timer);
      }
      for (const session of open) session.destroy();
      open.clear();
      shelves.clear();
    },
  };
}

function keyOf({ frontend, user, password, tls }: Login): string {
  const parts = JSON.stringify([frontend.host, frontend.port, user, password, tls]);
  return createHash('sha256').update(parts).digest('base64');
}
