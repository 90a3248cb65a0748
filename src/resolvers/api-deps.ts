import type { Reading } from '../operations/define.ts';
import type { Engine } from '../runs/engine.ts';

/** What the API is built from; the part of the program's context that it needs. */
export type ApiDeps = Pick<Engine, 'db' | 'log' | 'operations'> & {
  readonly engine: Engine;
  readonly connections: Pick<Reading, 'archives'>;
  /** Where archives may be registered from by path; null = nowhere. */
  readonly config: { readonly releasesDirectory: string | null };
  /** Tells who listens that something changed: a run's id or `alert:<id>`. Words may be lost. */
  readonly doorbell: {
    changed(topic: string): void;
    onChanged(listener: (topic: string) => void): () => void;
    /** Whether Redis takes a write now. Rejects when it does not answer. */
    tryWrite(): Promise<'ok' | 'refuses-writes'>;
    /** Words that Redis did not take since this process began. */
    wordsLost(): number;
  };
};
