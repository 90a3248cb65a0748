import { appendFileSync } from 'node:fs';
import type { JsonObject } from './json.ts';

/** One Web API call, as it came in and what was answered. */
export type Call = {
  readonly time: string;
  readonly method: string;
  readonly args: JsonObject;
  readonly ok: boolean;
  readonly error: string | null;
};

export type CallLog = { add(call: Call): void; readonly all: readonly Call[] };

/** Keeps every call, and appends it as one JSON line to `file` when there is one. */
export function createCallLog(file: string | null): CallLog {
  const all: Call[] = [];
  return {
    all,
    add(call) {
      all.push(call);
      if (file !== null) appendFileSync(file, `${JSON.stringify(call)}\n`);
    },
  };
}
