import type { NodeKind } from '../../domain/cluster.ts';
import type { ProcessId } from '../../domain/process-id.ts';
import { AppError } from '../../errors.ts';

/** Where the inventory has a node, and what runs it there. */
export type NodePlace = {
  readonly label: string;
  readonly kind: NodeKind;
  readonly deployDir: string;
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  readonly unit: string | null;
};

/** A process of a host: another process may get its number later, with another start time. */
export type HostProcess = { readonly pid: number; readonly startedAtTicks: string };

export function processIdOf({ pid, startedAtTicks }: HostProcess): ProcessId {
  return { pid, startedAtTicks };
}

/** Throws `PRECONDITION_FAILED` for a process that was recorded when something else than a host ran the node. */
export function hostProcessOf({ pid, startedAtTicks }: ProcessId): HostProcess {
  if (typeof pid === 'number' && typeof startedAtTicks === 'string') return { pid, startedAtTicks };
  throw new AppError('PRECONDITION_FAILED', 'The process that was noted is none of a host', {
    hint: 'The node was moved meanwhile. Ask again.',
  });
}

export function isSameOnHost(one: HostProcess, other: HostProcess): boolean {
  return one.pid === other.pid && one.startedAtTicks === other.startedAtTicks;
}
