import type { Reading } from '../operations/define.ts';
import type { Engine } from '../runs/engine.ts';

/** What the API is built from; the part of the program's context that it needs. */
export type ApiDeps = Pick<Engine, 'db' | 'log' | 'operations'> & {
  readonly engine: Engine;
  readonly connections: Pick<Reading, 'archives'>;
  /** The directory from which archives may be registered by path; null = none may. */
  readonly config: {
    readonly releasesDirectory: string | null;
    /** Where alerts go that no route names a channel for, and who has a Slack account by the configuration. */
    readonly slack: {
      readonly alertChannel: string | null;
      readonly links: readonly { readonly owner: string }[];
    } | null;
  };
  /** Notifies listeners that something changed: a run's id or `alert:<id>`. Notifications may be lost. */
  readonly doorbell: {
    changed(topic: string): void;
    onChanged(listener: (topic: string) => void): () => void;
    /** Whether Redis accepts a write now. Rejects when it does not answer. */
    tryWrite(): Promise<'ok' | 'refuses-writes'>;
    /** How many notifications Redis did not accept since this process began. */
    wordsLost(): number;
  };
};
