import { readFileSync, statSync } from 'node:fs';

/**
 * What a test or a demo asks a node to do wrong. `frontend` and `backend` narrow a rule to one address, `match` is a
 * regular expression on the statement text, `times` how often the rule strikes (counted in each process by `id`).
 */
export type FaultKind =
  | 'sql-delay'
  | 'sql-error'
  | 'sql-drop-before'
  | 'sql-drop-after'
  | 'http-error'
  | 'disk-full'
  | 'disk-crowded'
  | 'clone-fail'
  | 'clone-delay'
  | 'snapshot-delay'
  | 'upload-delay'
  | 'store-unreachable'
  | 'decimal-commas'
  | 'frontend-twice'
  | 'metric'
  | 'traffic'
  | 'slow-queries'
  | 'heap-crowded'
  | 'gc-pressure'
  | 'threads-many'
  | 'thread-pool-full'
  | 'safe-mode'
  | 'checkpoint-stuck'
  | 'transactions-running'
  | 'load-fail'
  | 'kafka-away'
  | 'kafka-bad-rows'
  | 'kafka-lag'
  | 'memory-crowded'
  | 'cpu-busy'
  | 'disk-busy'
  | 'descriptors-used'
  | 'compaction-behind'
  | 'queue-full'
  | 'tablet-error'
  | 'tablet-inconsistent'
  | 'heartbeats-lost'
  | 'http-trickle'
  | 'http-half'
  | 'http-huge';

export type FaultRule = {
  id: string;
  kind: FaultKind;
  frontend?: string;
  backend?: string;
  match?: string;
  times?: number;
  ms?: number;
  bytes?: number;
  code?: number;
  sqlState?: string;
  message?: string;
  path?: string;
  status?: number;
  /** A part of the whole, from 0 to 1. */
  share?: number;
  count?: number;
  value?: string;
  perSecond?: number;
  refusedShare?: number;
  timeoutShare?: number;
};

export type Faults = {
  /** The first rule of this kind that fits, counted as used; null when nothing is to go wrong. */
  strike(kind: FaultKind, text: string): FaultRule | null;
  /** Whether there is any rule of this kind; counts nothing. */
  has(kind: FaultKind): boolean;
};

type Place = { file: string | null; frontend?: string; backend?: string };

export function createFaults(place: Place): Faults {
  const used = new Map<string, number>();
  const rules = createRuleFile(place.file);
  return {
    has: (kind) => rules().some((rule) => rule.kind === kind),
    strike(kind, text) {
      for (const rule of rules()) {
        if (rule.kind !== kind || !fits(rule, place, text)) continue;
        const count = used.get(rule.id) ?? 0;
        if (rule.times !== undefined && count >= rule.times) continue;
        used.set(rule.id, count + 1);
        return rule;
      }
      return null;
    },
  };
}

function fits(rule: FaultRule, place: Place, text: string): boolean {
  if (rule.frontend !== undefined && rule.frontend !== place.frontend) return false;
  if (rule.backend !== undefined && rule.backend !== place.backend) return false;
  if (rule.path !== undefined && !text.startsWith(rule.path)) return false;
  return rule.match === undefined || new RegExp(rule.match, 'i').test(text);
}

/** Reads the file again whenever it changed; half-written JSON keeps the rules that were in force. */
function createRuleFile(file: string | null): () => FaultRule[] {
  let stamp = '';
  let rules: FaultRule[] = [];
  return () => {
    if (file === null) return rules;
    try {
      const { mtimeMs, size, ino } = statSync(file);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now === stamp) return rules;
      const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
      rules = Array.isArray(parsed) ? parsed.filter(isRule) : [];
      stamp = now;
    } catch (error) {
      if (isMissing(error)) rules = [];
    }
    return rules;
  };
}

function isRule(value: unknown): value is FaultRule {
  return typeof value === 'object' && value !== null && 'id' in value && 'kind' in value;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
