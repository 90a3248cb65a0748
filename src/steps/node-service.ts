import {
  startBackend,
  startComputeNode,
  startFrontend,
  stopBackend,
  stopComputeNode,
  stopFrontend,
} from '../adapters/ssh/commands.ts';
import type { ShellCommand, ShellResult } from '../adapters/ssh/port.ts';
import { systemctlStart, systemctlStop } from '../adapters/ssh/service-commands.ts';
import type { NodeKind } from '../domain/cluster.ts';
import { AppError } from '../errors.ts';

/** A node as it is started and stopped. */
export type NodeService = {
  readonly kind: NodeKind;
  readonly deployDir: string;
  /** The systemd unit that runs it; null = StarRocks' own scripts do. */
  readonly unit: string | null;
};

export type Stopping = {
  readonly graceful: boolean;
  readonly timeoutSeconds: number;
  /** What runs now, as the node tells it: which options its script knows. */
  readonly version: string;
};

/** By systemd where it runs the node: a script would start it behind systemd's back. */
export function startCommand({ kind, deployDir, unit }: NodeService): ShellCommand {
  if (unit !== null) return systemctlStart({ unit, sudo: true });
  switch (kind) {
    case 'FRONTEND':
      return startFrontend({ deployDir });
    case 'BACKEND':
      return startBackend({ deployDir });
    case 'COMPUTE_NODE':
      return startComputeNode({ deployDir });
    default:
      return kind satisfies never;
  }
}

/** How gracefully systemd stops a unit is written in the unit, not in the command. */
export function stopCommand({ kind, deployDir, unit }: NodeService, stopping: Stopping): ShellCommand {
  if (unit !== null) return systemctlStop({ unit, sudo: true });
  switch (kind) {
    case 'FRONTEND':
      return stopFrontend({ deployDir, ...stopping });
    case 'BACKEND':
      return stopBackend({ deployDir, ...stopping });
    case 'COMPUTE_NODE':
      return stopComputeNode({ deployDir, graceful: stopping.graceful });
    default:
      return kind satisfies never;
  }
}

export function commandFailed(what: string, result: ShellResult): AppError {
  const last = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-3).join(' / ');
  return new AppError('COMMAND_FAILED', `${what} ended with exit code ${result.exitCode}: ${last || 'no output'}`, {
    hint: 'Look at the log of the node on its host, then retry the run.',
  });
}
