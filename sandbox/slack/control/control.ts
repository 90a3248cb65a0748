import type { Clock } from '../clock.ts';
import type { Core } from '../core.ts';
import { type Forgery, forge } from '../deliver/forge.ts';
import type { DisconnectReason, SocketHub } from '../deliver/socket-hub.ts';
import type { Faults } from '../faults.ts';
import type { Token } from '../tokens.ts';
import type { Channel, Message } from '../workspace/types.ts';
import { findChannel } from '../workspace/workspace.ts';

/** The strings behind the stage: time, faults, connections, and what went wrong. */
export type Control = {
  readonly clock: Clock;
  readonly faults: Faults;
  /** Mistakes of the app that no error answer told it about. */
  complaints(): readonly string[];
  /** Calls made before their Retry-After had ended. */
  earlyCalls(): readonly string[];
  /** Where signed requests go when Socket Mode is off. */
  useRequestUrl(url: string | null): void;
  channel(nameOrId: string): Channel;
  setArchived(channel: string, isArchived: boolean): void;
  setBotMember(channel: string, isMember: boolean): void;
  setTokenState(kind: 'bot' | 'app', state: Token['state']): void;
  setScopes(scopes: readonly string[]): void;
  deactivate(user: string): void;
  /** Every message ever posted, deleted and ephemeral ones too, with its earlier contents. */
  messages(channel?: string): readonly Message[];
  readonly sockets: {
    count(): number;
    connected(count?: number): Promise<void>;
    disconnect(reason: DisconnectReason): void;
    kill(): void;
    ignorePings(ignore: boolean): void;
  };
  /** Sends a command to the request URL that is wrong in one way; answers what the app said to it. */
  forge(forgery: Forgery): ReturnType<typeof forge>;
};

export type ControlParts = {
  readonly core: Core;
  readonly sockets: SocketHub;
  readonly target: { requestUrl: string | null };
};

export function createControl({ core, sockets, target }: ControlParts): Control {
  const channel = (nameOrId: string): Channel => {
    const found = findChannel(core.workspace, nameOrId);
    if (found === null) throw new Error(`there is no channel ${nameOrId}`);
    return found;
  };
  return {
    clock: core.clock,
    faults: core.faults,
    complaints: () => core.complaints,
    earlyCalls: () => core.rates.early,
    useRequestUrl(url) {
      target.requestUrl = url;
    },
    channel,
    setArchived(name, isArchived) {
      channel(name).isArchived = isArchived;
    },
    setBotMember(name, isMember) {
      const { members } = channel(name);
      if (isMember) members.add(core.workspace.botUser.id);
      else members.delete(core.workspace.botUser.id);
    },
    setTokenState(kind, state) {
      core.tokens[kind].state = state;
    },
    setScopes(scopes) {
      core.tokens.bot.scopes.clear();
      for (const scope of scopes) core.tokens.bot.scopes.add(scope);
    },
    deactivate(name) {
      for (const user of core.workspace.users.values()) if (user.name === name) user.kind = 'deactivated';
    },
    messages(name) {
      const id = name === undefined ? null : channel(name).id;
      return core.workspace.messages.filter((each) => id === null || each.channel === id);
    },
    sockets: {
      count: sockets.count,
      connected: sockets.connected,
      disconnect: sockets.disconnect,
      kill: sockets.kill,
      ignorePings: sockets.ignorePings,
    },
    forge: (forgery) => forge(core, target.requestUrl, forgery),
  };
}
