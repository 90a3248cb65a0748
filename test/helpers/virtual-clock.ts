import { renameSync, writeFileSync } from 'node:fs';
import {
  type KyselyPlugin,
  OperationNodeTransformer,
  type QueryResult,
  type RawNode,
  type RootOperationNode,
} from 'kysely';

/** A clock that runs as every clock does, and is ahead of it by what it was told. */
export type VirtualClock = {
  now(): Date;
  /** Moves it to this time, or leaves it where it is when that is past. */
  moveTo(time: Date): void;
  /** Shows the same time as the database's clock in every statement that asks for it. */
  readonly plugin: KyselyPlugin;
  /** For nodes of the sandbox, which follow it (`sandbox_clock`). */
  followedBy(file: string): void;
};

export function createVirtualClock(): VirtualClock {
  let aheadMs = 0;
  const files: string[] = [];
  const write = (file: string) => {
    // Put in its place whole: whoever reads it in between reads the old one.
    writeFileSync(`${file}.new`, String(aheadMs));
    renameSync(`${file}.new`, file);
  };
  return {
    now: () => new Date(Date.now() + aheadMs),
    moveTo: (time) => {
      aheadMs = Math.max(aheadMs, time.getTime() - Date.now());
      for (const file of files) write(file);
    },
    plugin: databaseClock(() => aheadMs),
    followedBy: (file) => {
      files.push(file);
      write(file);
    },
  };
}

const databaseTime = 'UTC_TIMESTAMP(3)';

function databaseClock(aheadMs: () => number): KyselyPlugin {
  const moved = () => `(${databaseTime} + INTERVAL ${Math.round(aheadMs() * 1_000)} MICROSECOND)`;
  const transformer = new (class extends OperationNodeTransformer {
    protected override transformRaw(node: RawNode): RawNode {
      const transformed = super.transformRaw(node);
      const sqlFragments = transformed.sqlFragments.map((text) => text.replaceAll(databaseTime, moved()));
      return { ...transformed, sqlFragments };
    }
  })();
  return {
    transformQuery: ({ node }): RootOperationNode => transformer.transformNode(node),
    transformResult: async ({ result }): Promise<QueryResult<Record<string, unknown>>> => result,
  };
}
