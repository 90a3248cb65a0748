import type { Logger } from 'pino';
import type { AnyOperation, Reading, Registration } from '../../operations/define.ts';
import type { AnyStepKind, Ports } from '../../steps/define.ts';
import type { Database } from '../../store/database.ts';
import type { PendingSecret } from '../../store/secrets/secrets.ts';

/** What a worker needs to drive runs. */
export type RunnerDeps = {
  readonly db: Database;
  readonly operations: ReadonlyMap<string, AnyOperation>;
  readonly portsFor: (clusterId: string) => Ports;
  readonly reading: (clusterId: string, signal: AbortSignal) => Reading;
  readonly registration: (pending: readonly PendingSecret[]) => Registration;
  readonly log: Logger;
  /** Name of this worker process, unique among all of them. */
  readonly owner: string;
  readonly leaseMs: number;
  /** Wakes a worker for a run, now or after some milliseconds; may be lost. */
  readonly ring: (runId: string, delayMs?: number) => void;
  /** Tells everybody who watches that the run changed; may be lost. */
  readonly changed: (runId: string) => void;
  /** Called at each point between which a worker can die; for metrics, and for the tests that kill it there. */
  readonly observer?: (point: RunnerPoint) => void;
};

export type RunnerPoint = {
  readonly runId: string;
  readonly position: number;
  readonly kind: string;
  readonly at: 'before-record' | 'before-effect' | 'after-effect' | 'after-record';
};

/** The step kinds an operation may use, by name; a kind that its definition does not list is a bug in the plan. */
export function stepKindOf(operation: AnyOperation, kind: string): AnyStepKind {
  const found = operation.steps.find((candidate) => candidate.kind === kind);
  if (found === undefined) throw new Error(`operation ${operation.name} does not list the step kind ${kind}`);
  return found;
}
