import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DueKind, type DueLoop, type DueLoopOptions, startDueLoop } from '../src/due-loop.ts';

const everyMs = 1_000;
let loop: DueLoop;
let lines: { msg: string; level: number }[];

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
});

afterEach(async () => {
  await loop.stop();
  vi.useRealTimers();
});

function start(kinds: readonly DueKind[], more: Partial<DueLoopOptions> = {}) {
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  loop = startDueLoop({ name: 'test', log, everyMs, kinds, ...more });
}

/** Things that are due until they were handled, each for as long as the test says. */
function things(ids: readonly string[], { atOnce = 2, forMs = 0 } = {}) {
  const due = new Set(ids);
  const done: string[] = [];
  const state = { due, done, working: 0, most: 0, looks: 0, isAway: false };
  const kind: DueKind = {
    what: 'thing',
    atOnce,
    list: async (limit) => {
      state.looks += 1;
      if (state.isAway) throw new Error('the database is away');
      return [...due].slice(0, limit);
    },
    handle: async (id) => {
      state.working += 1;
      state.most = Math.max(state.most, state.working);
      await new Promise((resolve) => setTimeout(resolve, forMs));
      state.working -= 1;
      due.delete(id);
      done.push(id);
    },
  };
  return { ...state, kind, state };
}

describe('a due-loop', () => {
  it('handles what is due, once each, and no more at the same time than it may', async () => {
    const { kind, state } = things(['a', 'b', 'c', 'd', 'e'], { forMs: 300 });
    start([kind]);
    await vi.advanceTimersByTimeAsync(290);
    expect(state).toMatchObject({ working: 2, done: [] });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(state.done.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(state.most).toBe(2);
  });

  it('looks again as soon as there is room for what had to wait', async () => {
    const { kind, state } = things(['a', 'b', 'c'], { atOnce: 1, forMs: 50 });
    start([kind]);
    await vi.advanceTimersByTimeAsync(everyMs / 2);
    expect(state.done).toEqual(['a', 'b', 'c']);
  });

  it('looks by itself, since words may be lost', async () => {
    const { kind, state } = things([]);
    start([kind]);
    await vi.advanceTimersByTimeAsync(10);
    state.due.add('late');
    await vi.advanceTimersByTimeAsync(everyMs * 1.1);
    expect(state.done).toEqual(['late']);
  });

  it('looks at once when it is woken, and does not look more often for a storm of words', async () => {
    const { kind, state } = things([]);
    start([kind]);
    await vi.advanceTimersByTimeAsync(500);
    state.due.add('a');
    loop.wake();
    await vi.advanceTimersByTimeAsync(1);
    expect(state).toMatchObject({ done: ['a'], looks: 2 });
    for (let word = 0; word < 50; word += 1) {
      loop.wake();
      await vi.advanceTimersByTimeAsync(4);
    }
    expect(state.looks).toBeLessThanOrEqual(5);
  });

  it('hears a word that comes while it looks', async () => {
    const { kind, state } = things([]);
    let end = () => {};
    const slow = () =>
      new Promise<void>((resolve) => {
        end = resolve;
      });
    start([kind], { chores: [() => (state.looks === 0 ? slow() : Promise.resolve())] });
    loop.wake();
    end();
    await vi.advanceTimersByTimeAsync(150);
    expect(state.looks).toBe(2);
  });

  it('says once that the database is away and once that it is back, and goes on', async () => {
    const { kind, state } = things(['a']);
    const other = things(['z']);
    state.isAway = true;
    start([kind, other.kind]);
    await vi.advanceTimersByTimeAsync(5 * everyMs);
    expect(other.state.done).toEqual(['z']);
    expect(lines.map(({ msg, level }) => [level, msg])).toEqual([
      [50, 'a loop cannot ask its database what is due; it goes on trying'],
    ]);
    state.isAway = false;
    await vi.advanceTimersByTimeAsync(3 * everyMs);
    expect(state.done).toEqual(['a']);
    expect(lines.map(({ msg }) => msg).slice(1)).toEqual(['a loop has its database again']);
  });

  it('tries again what failed, and says which', async () => {
    let tries = 0;
    const kind: DueKind = {
      what: 'thing',
      atOnce: 1,
      list: async () => (tries < 2 ? ['a'] : []),
      handle: async () => {
        tries += 1;
        if (tries === 1) throw new Error('not now');
      },
    };
    start([kind]);
    await vi.advanceTimersByTimeAsync(everyMs * 1.2);
    expect(tries).toBe(2);
    expect(lines).toMatchObject([{ loop: 'test', what: 'thing', id: 'a' }]);
  });

  it('waits for what is under way when it stops, and begins nothing more', async () => {
    const { kind, state } = things(['a', 'b'], { atOnce: 1, forMs: 300 });
    start([kind]);
    await vi.advanceTimersByTimeAsync(10);
    let isStopped = false;
    const stopped = loop.stop().then(() => {
      isStopped = true;
    });
    await vi.advanceTimersByTimeAsync(200);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(10 * everyMs);
    await stopped;
    loop.wake();
    await vi.advanceTimersByTimeAsync(everyMs);
    expect(state.done).toEqual(['a']);
  });
});
