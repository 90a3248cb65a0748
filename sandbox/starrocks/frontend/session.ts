/** One SQL connection, or the stand-in for it on the leader while a forwarded statement runs. */
export type Session = {
  connectionId: number;
  user: string;
  /** The host pattern of the account, as in `'mgr'@'10.%'`. */
  userHost: string;
  remote: string;
  db: string | null;
  roles: string[];
  variables: Map<string, string>;
  connectedAt: number;
  /** The statement that runs now; null while the session sleeps. */
  running: Running | null;
  /** What ran last and how it ended: it stands in the process list until the next one. */
  last: { text: string; state: 'OK' | 'EOF' | 'ERR' } | null;
  /** How often the statement was passed on between frontends. */
  hops: number;
  /** The version of the frontend that the client is connected to; null when it is this one. */
  origin: string | null;
};

export type Running = { text: string; queryId: string; startedAt: number; abort: AbortController; forwarded: boolean };

export function createSession(login: {
  connectionId: number;
  user: string;
  userHost: string;
  remote: string;
}): Session {
  return {
    ...login,
    db: null,
    roles: [],
    variables: new Map(),
    connectedAt: Date.now(),
    running: null,
    last: null,
    hops: 0,
    origin: null,
  };
}

/** The signal that KILL QUERY fires. */
export function signalOf(session: Session): AbortSignal | undefined {
  return session.running?.abort.signal;
}
