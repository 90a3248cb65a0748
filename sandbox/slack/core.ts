import type { CallLog } from './call-log.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Rates } from './rates.ts';
import type { Settings } from './settings.ts';
import type { Tokens } from './tokens.ts';
import type { Triggers } from './triggers.ts';
import type { Ids } from './workspace/ids.ts';
import type { StateValues } from './workspace/types.ts';
import type { Workspace } from './workspace/workspace.ts';

/** All state of one stand-in; the Web API, the deliveries, the hands and the page share it. */
export type Core = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly workspace: Workspace;
  readonly tokens: Tokens;
  readonly signingSecret: string;
  readonly triggers: Triggers;
  readonly rates: Rates;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** What the app did wrong without an error that it must have seen; tests assert that this stays empty. */
  readonly complaints: string[];
  /** What each person has put into the elements of a message or view, by `stateKey`. */
  readonly states: Map<string, StateValues>;
  /** Socket Mode tickets: one connection each, for 30 s. */
  readonly tickets: Map<string, number>;
  readonly responseUrls: Map<string, ResponseUrl>;
  /** `http://127.0.0.1:PORT` */
  url: string;
};

export type ResponseUrl = {
  readonly user: string;
  readonly channel: string;
  readonly at: number;
  uses: number;
  /** The message whose element was clicked, which `replace_original` replaces. */
  originalTs: string | null;
  readonly threadTs: string | null;
};

export function changed(core: Core): void {
  core.workspace.changes.emit('change');
}
