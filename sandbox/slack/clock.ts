/**
 * The stand-in's own time. It flows with the machine's clock until it is frozen, and can be moved: triggers, response
 * URLs, rate windows, signatures, acknowledgement limits and event retries all follow it, so that a test of a
 * five-minute rule takes milliseconds.
 */
export type Clock = {
  now(): number;
  /** Moves time forward and fires what became due, oldest first. */
  advance(ms: number): void;
  /** Moves time without firing anything, backwards too: a clock that was set. */
  jump(ms: number): void;
  freeze(): void;
  resume(): void;
  /** Calls back once, after `ms` of this clock; returns the way to call it off. */
  after(ms: number, run: () => void): () => void;
  /** Calls every open timer off. */
  stop(): void;
};

type Timer = { readonly dueAt: number; readonly run: () => void; handle: NodeJS.Timeout | null };

export function createClock(options: { readonly startAt?: number; readonly frozen?: boolean } = {}): Clock {
  const timers = new Set<Timer>();
  let offsetMs = options.startAt === undefined ? 0 : options.startAt - Date.now();
  // Not by `freeze()`: time would pass between here and there.
  let frozenAt: number | null = options.frozen === true ? (options.startAt ?? Date.now()) : null;

  const now = () => frozenAt ?? Date.now() + offsetMs;

  function arm(timer: Timer): void {
    if (timer.handle !== null) clearTimeout(timer.handle);
    timer.handle = frozenAt === null ? setTimeout(fireDue, Math.max(0, timer.dueAt - now())) : null;
  }

  function fireDue(): void {
    const due = [...timers].filter((timer) => timer.dueAt <= now()).sort((a, b) => a.dueAt - b.dueAt);
    for (const timer of due) {
      if (!drop(timer)) continue;
      timer.run();
    }
    for (const timer of timers) arm(timer);
  }

  function drop(timer: Timer): boolean {
    if (timer.handle !== null) clearTimeout(timer.handle);
    return timers.delete(timer);
  }

  function jump(ms: number): void {
    if (frozenAt === null) offsetMs += ms;
    else frozenAt += ms;
  }

  function freeze(): void {
    frozenAt ??= now();
    for (const timer of timers) arm(timer);
  }

  return {
    now,
    jump,
    freeze,
    advance(ms) {
      jump(ms);
      fireDue();
    },
    resume() {
      if (frozenAt === null) return;
      offsetMs = frozenAt - Date.now();
      frozenAt = null;
      fireDue();
    },
    after(ms, run) {
      const timer: Timer = { dueAt: now() + ms, run, handle: null };
      timers.add(timer);
      arm(timer);
      return () => void drop(timer);
    },
    stop() {
      for (const timer of timers) drop(timer);
    },
  };
}
