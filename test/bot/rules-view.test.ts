import { describe, expect, it } from 'vitest';
import { ruleDetails, rulesOfCluster } from '../../src/bot/views/rules.ts';
import { textLength } from '../../src/bot/views/text.ts';
import type { LastLook } from '../../src/domain/probe.ts';
import { bookFor } from '../../src/domain/rules/book.ts';
import { shippedRules } from '../../src/domain/rules/shipped/index.ts';
import { standingOf, standingsOf } from '../../src/domain/rules/standing.ts';
import type { WatchedCluster } from '../../src/domain/rules/watched.ts';
import { at, disk, measured, metricRule, override } from '../domain/rules/builders.ts';

const nodes = Array.from({ length: 500 }, (_, index) => ({
  ...{ id: `nod_${index}`, host: `a-host-with-a-long-name-${index}.example.org`, port: 9050 },
  kind: 'BACKEND' as const,
}));
const changes = [
  override(
    'disk_filling',
    { limits: { threshold: 0.9, clear: 0.88 } },
    { reason: 'a *big* <!channel> disk'.repeat(8) },
  ),
];

function watched(rest: Partial<WatchedCluster> = {}): WatchedCluster {
  const look: LastLook = {
    ...{ clusterId: 'clu_1', at, dueAt: new Date(at.getTime() + 15_000), ok: true, problem: null, nodes: [] },
    ...{
      pending: [],
      notJudged: shippedRules.map(({ name: rule }) => ({ rule, labels: null, because: 'x'.repeat(290) })),
    },
  };
  return {
    ...{ cluster: { id: 'clu_1', name: 'prod-eu', environment: 'prod' }, now: at, nodes, look, alerts: [] },
    measured: { at, measurements: nodes.map(({ id }, index) => measured('disk_used_share', disk(id), index / 1_000)) },
    book: bookFor({ own: [], overrides: changes }, { clusterId: 'clu_1', environment: 'prod', at }),
    ...rest,
  };
}

function list(page: number, isPlain = false, of = watched()) {
  const all = standingsOf(of);
  return rulesOfCluster({ watched: of, all, chosen: all, line: 'rules prod-eu', page, isPlain });
}

const textOf = (message: ReturnType<typeof list>) =>
  (message.blocks ?? []).flatMap((block) => (block.type === 'section' ? [block.text?.text ?? ''] : [])).join('\n');

describe('the list of rules', () => {
  it.each([false, true])('shows every rule on exactly one page, within the limits of Slack (plain: %s)', (isPlain) => {
    const names = standingsOf(watched()).map(({ rule }) => rule.name);
    const pages = [1, 2, 3, 4, 5].map((page) => list(page, isPlain));
    const shown = pages.filter((page) => !textOf(page).includes('There is *no page'));
    expect(shown.length).toBeGreaterThan(1);
    for (const { blocks = [] } of shown) {
      expect(textLength(blocks)).toBeLessThanOrEqual(9_000);
      for (const block of blocks)
        if (block.type === 'section') expect(block.text?.text.length).toBeLessThanOrEqual(3_000);
    }
    const lines = shown.map(textOf).join('\n').replaceAll('`', ' ').replace(/^ +/gm, '').split('\n');
    for (const name of names)
      expect(lines.filter((line) => new RegExp(`^\\S+ (\\S+ )? ?${name} `).test(line))).toHaveLength(1);
  });

  it('leads to the next page, and says which pages there are', () => {
    const [first, beyond] = [JSON.stringify(list(1)), JSON.stringify(list(9))];
    expect(first).toContain('/sr rules prod-eu --page 2');
    expect(beyond).toMatch(/There is \*no page 9\*: `\/sr rules prod-eu` has \d pages/);
  });

  it('says above all when nobody looks', () => {
    const late = watched({ now: new Date(at.getTime() + 3_600_000) });
    expect(textOf(list(1, false, late))).toMatch(
      /\*Nothing is known now\*: nobody looks: the next look is due since 60 min/,
    );
  });

  it('says what was asked for when nothing is of that kind', () => {
    const of = watched();
    const data = {
      watched: of,
      all: standingsOf(of),
      chosen: [],
      line: 'rules prod-eu --only off',
      page: 1,
      isPlain: false,
    };
    expect(textOf(rulesOfCluster(data))).toContain(
      '*None of them* is what you asked for with `/sr rules prod-eu --only off`',
    );
  });
});

describe('one rule', () => {
  const show = (of: WatchedCluster | null, docsUrl: string | null = null) => {
    const rule = metricRule('disk_filling');
    const on = of === null ? null : { watched: of, standing: standingOf(rule, of) };
    const overrides = changes.map((each) => ({ ...each, ended: { at, byName: 'lee', reason: 'it was a mistake' } }));
    return ruleDetails({ rule, now: at, overrides, subjects: new Map(), names: new Map(), on, docsUrl });
  };

  it('says which change counts no more, and why', () => {
    const rule = metricRule('disk_filling');
    const [first] = changes;
    if (first === undefined) throw new Error('there is no change');
    const subjects = new Map([[first.id, { environment: null, isThere: false }]]);
    const overrides = [{ ...first, ended: null, until: null }];
    const shown = ruleDetails({ rule, now: at, overrides, subjects, names: new Map(), on: null, docsUrl: null });
    expect(textOf(shown)).toMatch(/_counts no more, .*:_ /);
  });

  it('says when it fires, what hides it, what to do, and who changed it', () => {
    const text = textOf(show(null));
    expect(text).toContain(
      'is over 85 % for 2 min; the alert ends at 83 % or less. Beyond the threshold of disk_nearly_full, that rule has the alert.',
    );
    expect(text).toContain(
      '*Hidden by:* a silence; a maintenance window that hides alerts (no CRITICAL ones); an alert of cluster_unreachable (the whole cluster cannot be observed); an alert of node_down about the same node (the node is down).',
    );
    expect(text).toMatch(/\*Do:\* Look at \/sr disks/);
    expect(text).toMatch(/_over:_ everywhere.*threshold 90 %, ends at 88 %, by kim: a \*big\* &lt;!channel&gt; disk/);
    expect(text).toMatch(/Ended .* by lee: it was a mistake/);
  });

  it('leads to its runbook where it is known where people read these pages, and else names it', () => {
    const page = 'docs/monitoring/runbooks.md#disk_filling';
    expect(metricRule('disk_filling').runbook).toBe(page);
    expect(JSON.stringify(show(null).blocks)).toContain(`Runbook: \`${page}\``);
    expect(show(null, 'https://docs.example.org/sw/').blocks).toContainEqual({
      type: 'actions',
      elements: [expect.objectContaining({ action_id: 'alert.runbook', url: `https://docs.example.org/sw/${page}` })],
    });
  });

  it('shows the values of a large cluster within the limits of Slack, and what holds there', () => {
    const quiet = watched();
    const look = quiet.look === null ? null : { ...quiet.look, notJudged: [] };
    const message = show({ ...quiet, look });
    const text = textOf(message);
    expect(textLength(message.blocks)).toBeLessThanOrEqual(9_000);
    expect(text).toMatch(/\*QUIET\* on `prod-eu`: 50 % of \/data1 on be a-host-with-a-long-name-499/);
    expect(text).toMatch(/… and 488 more, further from the threshold/);
    expect(text).toContain('is over 90 % for 2 min');
  });
});
