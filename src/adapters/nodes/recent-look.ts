import type { NodeProcess } from '../ssh/answers.ts';
import type { Shell, ShellReader } from '../ssh/port.ts';
import { readNodeProcess } from '../ssh/read-node-process.ts';
import type { NodePlace } from './place.ts';
import type { NodeCall } from './port.ts';

/**
 * What was seen of a node's process a moment ago. One drive keeps it and nothing outlives the drive, so after a crash the
 * host is always asked; and it is forgotten before and after each command that changes something at the node.
 */
export type RecentLook = {
  /** Null = no process ran. Undefined = nothing was seen within this time, or something was sent since. */
  find(withinMs: number): NodeProcess | null | undefined;
  /** Begins a look; what it saw is kept unless something was sent meanwhile. */
  begin(): (seen: NodeProcess | null) => void;
  forget(): void;
};

/** The looks of one drive, by node. */
export type RecentLooks = { of(hostId: string, place: NodePlace): RecentLook };

export function createRecentLook(): RecentLook {
  let last: { readonly seen: NodeProcess | null; readonly at: number } | null = null;
  let sent = 0;
  return {
    find: (withinMs) => (last !== null && performance.now() - last.at <= withinMs ? last.seen : undefined),
    begin: () => {
      const [at, before] = [performance.now(), sent];
      return (seen) => {
        if (before === sent) last = { seen, at };
      };
    },
    forget: () => {
      sent += 1;
      last = null;
    },
  };
}

export function createRecentLooks(): RecentLooks {
  const looks = new Map<string, RecentLook>();
  return {
    of: (hostId, { kind, deployDir }) => {
      const key = JSON.stringify([hostId, kind, deployDir]);
      const look = looks.get(key) ?? createRecentLook();
      looks.set(key, look);
      return look;
    },
  };
}

/** The same shell; what was seen is forgotten before and after each change. */
export function forgetting(shell: Shell, recent: RecentLook): Shell {
  return {
    upload: shell.upload,
    run: async (command, call) => {
      if (command.effect === 'read') return shell.run(command, call);
      recent.forget();
      return shell.run(command, call).finally(recent.forget);
    },
  };
}

/** The process of the node, as it was seen within `recentMs`, else as the host shows it now. */
export async function processNow(
  shell: ShellReader,
  { place, recent }: { readonly place: NodePlace; readonly recent: RecentLook },
  { signal, recentMs }: NodeCall,
): Promise<NodeProcess | null> {
  const known = recentMs === undefined ? undefined : recent.find(recentMs);
  if (known !== undefined) return known;
  const keep = recent.begin();
  const seen = await readNodeProcess(shell, place, signal);
  keep(seen);
  return seen;
}
