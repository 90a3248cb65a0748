import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupCard } from '../../src/bot/views/group-card.ts';
import type { Message } from '../../src/bot/views/text.ts';
import { severities } from '../../src/domain/alert.ts';
import type { AlertGroup, GroupCount } from '../../src/store/slack/alert-groups.ts';
import { alert, at } from './builders.ts';
import { blocksOf, linesOf } from './shown.ts';

const sums = { all: 1, open: 1, stale: 0, hidden: 0, acked: 0, untaken: 1 };

function counted(change: Partial<GroupCount> = {}): GroupCount {
  return { clusterName: 'prod-eu', rule: 'node_down', severity: 'HIGH', ...sums, ...change };
}

function group(change: Partial<AlertGroup> = {}): AlertGroup {
  return {
    ...{ id: `agr_${'0'.repeat(26)}`, kind: 'GROUP', clusterName: 'prod-eu', family: 'nodes', severity: 'CRITICAL' },
    ...{ cause: null, openedAt: at, closedAt: null, isHistory: false, joinRevision: 1, revision: 1 },
    ...{ listed: [], counts: [] },
    ...change,
  };
}

const storm = (counts: readonly GroupCount[], change: Partial<AlertGroup> = {}) =>
  groupCard(
    group({ kind: 'STORM', clusterName: null, family: null, severity: null, cause: 'RATE', counts, ...change }),
    { mayRepeat: false },
  );

const clusterLines = (message: Message) => linesOf(message).filter((line) => /^\S+ \*[A-Z]+\* `/.test(line));

describe('the message of a storm', () => {
  it('has one line for each cluster, the worst that nobody has on top, with what fires there', () => {
    const message = storm([
      counted({ clusterName: 'calm', rule: 'disk_full', severity: 'CRITICAL', open: 0, untaken: 0 }),
      counted({ clusterName: 'held', severity: 'CRITICAL', hidden: 1, untaken: 0 }),
      counted({ clusterName: 'taken', severity: 'CRITICAL', acked: 1, untaken: 0 }),
      counted({ clusterName: 'small', all: 2, open: 2, untaken: 2 }),
      counted({ clusterName: 'worst', severity: 'CRITICAL' }),
      counted({ clusterName: 'worst', rule: 'disk_full', all: 9, open: 8, stale: 1, acked: 2, untaken: 6 }),
      counted({ clusterName: 'many', all: 30, open: 30, untaken: 30 }),
    ]);
    expect(clusterLines(message)).toEqual([
      '🔴 *CRITICAL* `worst` · 10 alerts (1 CRITICAL, 9 HIGH) · 8 of them are firing, 1 without data, 2 acknowledged · disk_full 9×, node_down 1×',
      '🟠 *HIGH* `many` · 30 alerts · All are firing, none is acknowledged · node_down 30×',
      '🟠 *HIGH* `small` · 2 alerts · All are firing, none is acknowledged · node_down 2×',
      '👤 *CRITICAL* `taken` · 1 alert · It is firing, acknowledged · node_down 1×',
      '🔕 *CRITICAL* `held` · 1 alert · It is hidden, not acknowledged · node_down 1×',
      '✅ *CRITICAL* `calm` · 1 alert · It is resolved · disk_full 1×',
    ]);
    expect(message.text).toMatch(/^\[CRITICAL\] Alert storm: 45 alerts on 6 clusters, 4 CRITICAL, since /);
  });

  it('names fifteen clusters and says what the others have', () => {
    const lines = linesOf(storm(Array.from({ length: 50 }, (_, index) => counted({ clusterName: `prod-${index}` }))));
    expect(lines).toContain('… and 35 more clusters with 35 alerts. All are firing, none is acknowledged');
    const worse = Array.from({ length: 27 }, (_, index) =>
      counted({ clusterName: `prod-${index}`, severity: index < 16 ? 'CRITICAL' : 'HIGH' }),
    );
    expect(linesOf(storm(worse))).toContain(
      '… and 12 more clusters with 12 alerts (1 CRITICAL not resolved). All are firing, none is acknowledged',
    );
  });

  it('fits and calls nobody whatever its clusters and rules are called, and loses none of the count', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '<!channel>', '&', '`', '\u202e', '*'), maxLength: 300 });
    const count = fc.record({ clusterName: name, rule: name, severity: fc.constantFrom(...severities) });
    fc.assert(
      fc.property(fc.array(count, { minLength: 1, maxLength: 120 }), (counts) => {
        const message = storm(
          counts.map((each) => counted(each)),
          {
            listed: Array.from({ length: 10 }, () =>
              alert({ title: counts[0]?.rule, clusterName: counts[0]?.clusterName }),
            ),
          },
        );
        for (const text of [message.text, ...blocksOf(message)]) {
          expect(text.length).toBeLessThanOrEqual(3_000);
          expect(text).not.toMatch(/<!(?!date)|\u202e/);
        }
        const clusters = new Set(counts.map(({ clusterName }) => clusterName)).size;
        const [, rest = '0'] = /… and (\d+) more cluster/.exec(linesOf(message).join('\n')) ?? [];
        expect(clusterLines(message).length + Number(rest)).toBe(clusters);
        expect(clusterLines(message).length).toBeGreaterThanOrEqual(Math.min(clusters, 10));
      }),
    );
  });
});

describe('the message of a group', () => {
  it('says the cluster once, and of each alert what it is, who has it and since when', () => {
    const handling = { kind: 'ACKED', byId: 'per_1', byName: 'kim', at, until: at, reminded: false } as const;
    const message = groupCard(
      group({
        counts: [counted({ severity: 'CRITICAL', all: 33, open: 32, acked: 1, untaken: 31 })],
        listed: [
          alert({ number: 1 }),
          alert({ number: 2, severity: 'HIGH', signal: 'STALE' }),
          alert({ number: 3, handling }),
          alert({ number: 4, mute: { kind: 'INHIBITED', by: 'run:run_1', because: 'it works' } }),
          alert({ number: 5, signal: 'RESOLVED' }),
        ],
      }),
      { mayRepeat: false },
    );
    const [head, state, ...lines] = linesOf(message);
    expect(head).toMatch(/^🔴 \*CRITICAL · 33 alerts about nodes\* · `prod-eu` · since <!date/);
    expect(state).toBe('*32 of them are firing, 1 acknowledged*');
    expect(lines.slice(0, 6).map((line) => line.replace(/<!date[^>]*>/, 'T'))).toEqual([
      '🔴 *FIRING* A-1 · be 10.0.0.11:9050 is down · since T',
      '❔ *HIGH · NO DATA* A-2 · be 10.0.0.11:9050 is down · since T',
      '👤 *ACKED by kim* A-3 · be 10.0.0.11:9050 is down · since T',
      '🔕 *HIDDEN by a run* A-4 · be 10.0.0.11:9050 is down · since T',
      '✅ *RESOLVED* A-5 · be 10.0.0.11:9050 was down · since T',
      '… and 28 more: `/sr alerts prod-eu`',
    ]);
    expect(lines.join('\n').match(/prod-eu/g)).toHaveLength(2);
  });

  it.each([
    [{ all: 1, open: 0 }, '1 alert about Starwarden itself', 'It is resolved', '#2eb886'],
    [
      { all: 1, open: 0, off: 1 },
      '1 alert about Starwarden itself',
      'Its rule was switched off, so it is not known to be over',
      '#dddddd',
    ],
    [{ all: 1, open: 1, untaken: 1 }, '1 alert about Starwarden itself', 'It is firing, not acknowledged', '#a30200'],
    [
      { all: 3, open: 2, acked: 2 },
      '3 alerts about Starwarden itself',
      '2 of them are firing, 2 acknowledged',
      '#daa038',
    ],
    [
      { all: 3, open: 1, untaken: 1 },
      '3 alerts about Starwarden itself',
      '1 of them is firing, none is acknowledged',
      '#a30200',
    ],
    [
      { all: 2, open: 2, hidden: 2 },
      '2 alerts about Starwarden itself',
      'None of them is firing, 2 hidden, none is acknowledged',
      '#dddddd',
    ],
  ])('with %o it says by words and colour what is left to do', (change, what, state, color) => {
    const none = { stale: 0, hidden: 0, acked: 0, untaken: 0 };
    const counts = [counted({ severity: 'CRITICAL', ...none, ...change })];
    const message = groupCard(group({ family: 'starwarden', counts }), { mayRepeat: false });
    expect(message.text).toMatch(new RegExp(`^\\[CRITICAL\\] prod-eu: ${what} since .*\\. ${state}\\.$`));
    expect(message.attachments?.[0]?.color).toBe(color);
  });
});
