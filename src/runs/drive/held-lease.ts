import { createRecentLooks, type RecentLooks } from '../../adapters/nodes/recent-look.ts';
import { guardShell } from '../../adapters/ssh/guard-shell.ts';
import type { StarRocksSql } from '../../adapters/starrocks/port.ts';
import { AppError } from '../../errors.ts';
import type { Ports } from '../../steps/define.ts';
import { releaseClaim, renewClaim } from '../../store/claims.ts';
import type { Database } from '../../store/database.ts';
import { claimRun, type DrivenRun, type Lease } from '../../store/runs/leases.ts';

/** A lease that is being kept alive while work goes on. */
export type HeldLease = {
  readonly lease: Lease;
  /** The run as it was when the lease was taken. */
  readonly claimed: DrivenRun;
  /** Fires when the lease is lost; every call to the outside gets it. */
  readonly signal: AbortSignal;
  /** Throws `LEASE_LOST` when the lease may have run out by this process's own monotonic clock. Sends nothing. */
  assertHeld(): void;
  /** To be called once the entry that ended the run has given the lease back. */
  over(): void;
  /** Stops the heartbeat and gives the lease back. */
  release(): Promise<void>;
};

/** The part of a lease's time that must be left before an effect may begin. */
const safetyShare = 0.2;

/** Claims the run and keeps the lease alive by a heartbeat; null when the run is not due or somebody else has it. */
export async function holdLease(
  db: Database,
  claim: { runId: string; holder: string; leaseMs: number },
): Promise<HeldLease | null> {
  // The monotonic clock goes on while a process is stopped (SIGSTOP), so a worker that slept too long finds out by itself.
  let askedAt = performance.now();
  const claimed = await claimRun(db, claim);
  if (claimed === null) return null;
  const { lease } = claimed;
  let goodUntil = askedAt + claim.leaseMs * (1 - safetyShare);
  const lost = new AbortController();
  let isRenewing = false;
  let isOver = false;
  const renew = async () => {
    isRenewing = true;
    askedAt = performance.now();
    try {
      if (await renewClaim(db, lease, claim.leaseMs)) goodUntil = askedAt + claim.leaseMs * (1 - safetyShare);
      else lost.abort(leaseLost(lease));
    } catch {
      // The database broke off: the lease may still be ours, until the clock says otherwise.
    }
    isRenewing = false;
  };
  const heartbeat = setInterval(() => {
    // The clock alone decides this: a database that never answers must not let calls to the outside go on.
    if (performance.now() > goodUntil) lost.abort(leaseLost(lease));
    if (!isRenewing && performance.now() - askedAt >= claim.leaseMs / 4) void renew();
  }, claim.leaseMs / 20);
  return {
    lease,
    claimed: claimed.driven,
    signal: lost.signal,
    assertHeld: () => {
      if (!lost.signal.aborted && performance.now() <= goodUntil) return;
      lost.abort(leaseLost(lease));
      throw leaseLost(lease);
    },
    over: () => {
      isOver = true;
      clearInterval(heartbeat);
    },
    release: async () => {
      clearInterval(heartbeat);
      // A renewal that is under way can only fail after this, and changes nothing then.
      if (!isOver) await releaseClaim(db, lease);
    },
  };
}

function leaseLost(lease: Lease): AppError {
  return new AppError('LEASE_LOST', `The lease of run ${lease.runId} ran out`, {
    hint: 'Another worker goes on with it.',
    retryable: true,
  });
}

/**
 * Ports that check the lease before each call that changes something, so that a worker that lost it cannot act. `looks` is
 * what this drive saw of nodes.
 */
export function guardPorts(
  ports: Ports,
  held: Pick<HeldLease, 'assertHeld'>,
  looks: RecentLooks = createRecentLooks(),
): Ports {
  const guardSql = (sql: StarRocksSql): StarRocksSql => ({
    query: async (statement, call) => {
      if (statement.effect === 'change') held.assertHeld();
      return sql.query(statement, call);
    },
  });
  return {
    http: ports.http,
    archives: ports.archives,
    sql: guardSql(ports.sql),
    sqlAs: (login) => guardSql(ports.sqlAs(login)),
    node: (node) => ports.node(node, () => held.assertHeld(), looks),
    shell: async (hostId) => guardShell(await ports.shell(hostId), () => held.assertHeld()),
    login: async (host) => guardShell(await ports.login(host), () => held.assertHeld()),
    objects: (repository) => ports.objects(repository, () => held.assertHeld()),
    objectsAt: (place) => ports.objectsAt(place, () => held.assertHeld()),
    inventory: ports.inventory,
    catalogue: ports.catalogue,
  };
}
