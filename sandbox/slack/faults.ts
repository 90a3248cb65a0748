/** What goes wrong with an answer. */
export type Effect =
  /** The method runs, the connection breaks before the answer. */
  | { readonly kind: 'lostAnswer' }
  /** The connection breaks before anything is stored. */
  | { readonly kind: 'dropped' }
  /** The method runs after so long. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The method runs at once, its answer comes after so long. */
  | { readonly kind: 'lateAnswer'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number }
  /** A proxy's page with status 200. */
  | { readonly kind: 'html' }
  /** The method runs, half of the answer arrives. */
  | { readonly kind: 'truncated' }
  | { readonly kind: 'rateLimited'; readonly retryAfter: number | null }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'warnings'; readonly warnings: readonly string[] }
  | { readonly kind: 'clockJump'; readonly ms: number }
  | { readonly kind: 'tokenRevoked' }
  | { readonly kind: 'channelArchived'; readonly channel: string };

export type FaultRule = {
  /** A method's name, or `chat.*`; absent = every method. */
  readonly method?: string;
  /** Channel id. */
  readonly channel?: string;
  /** The first matching call that is hit, counted from when the rule was added; default 1. */
  readonly nth?: number;
  /** How many calls in a row are hit; default 1. */
  readonly times?: number;
  readonly effect: Effect;
};

export type Faults = {
  /** Returns the way to take the rule back. */
  add(rule: FaultRule): () => void;
  clear(): void;
  /** Every effect that this call is due. */
  take(call: { readonly method: string; readonly channel: string | null }): readonly Effect[];
};

export function createFaults(): Faults {
  const rules = new Map<FaultRule, number>();
  return {
    add(rule) {
      rules.set(rule, 0);
      return () => void rules.delete(rule);
    },
    clear: () => rules.clear(),
    take(call) {
      const effects: Effect[] = [];
      for (const [rule, seen] of rules) {
        if (!matches(rule, call)) continue;
        const { nth = 1, times = 1 } = rule;
        rules.set(rule, seen + 1);
        if (seen + 1 >= nth && seen + 1 < nth + times) effects.push(rule.effect);
        if (seen + 1 >= nth + times - 1) rules.delete(rule);
      }
      return effects;
    },
  };
}

function matches(rule: FaultRule, call: { readonly method: string; readonly channel: string | null }): boolean {
  const { method = '*' } = rule;
  const hit = method.endsWith('*') ? call.method.startsWith(method.slice(0, -1)) : call.method === method;
  return hit && (rule.channel === undefined || rule.channel === call.channel);
}
