import { describe, expect, it } from 'vitest';
import { checkMessage } from '../../sandbox/slack/blocks/message.ts';
import { isObject, parseJson } from '../../sandbox/slack/json.ts';
import { defaultSettings } from '../../sandbox/slack/settings.ts';
import { clusterList, clusterStatus } from '../../src/bot/views/clusters.ts';
import { planLines } from '../../src/bot/views/plan-stages.ts';
import { preview } from '../../src/bot/views/preview.ts';
import { refusalNotice } from '../../src/bot/views/refusals.ts';
import { type RunCardData, runCard } from '../../src/bot/views/run-card.ts';
import { endLine } from '../../src/bot/views/run-sentences.ts';
import type { Message } from '../../src/bot/views/text.ts';
import { theCluster } from '../../src/domain/subject.ts';
import { upgradeChecks, upgradeRefusals } from '../../src/domain/upgrade/checks.ts';
import { awaitVersion } from '../../src/operations/node/steps/await-back.ts';
import { holdForPerson } from '../../src/operations/node/steps/hold.ts';
import { facts } from '../domain/upgrade/checks-builders.ts';
import { at, health, node } from './builders.ts';
import { failedAt, upgradePlan, upgradeRun, upgradeSteps } from './upgrade.ts';

const plan = upgradePlan(6);
const old = '3.4.10-1a2b3c4';

/** What a reader sees, line by line; refused by the stand-in if Slack would refuse it. */
function shown(message: Message): string[] {
  const wire = parseJson(JSON.stringify(message));
  if (!isObject(wire)) throw new Error('not an object');
  const blocks = Array.isArray(wire.blocks) ? wire.blocks.filter(isObject) : null;
  const draft = { text: String(wire.text), blocks, attachments: null, metadata: null };
  checkMessage(draft, { settings: defaultSettings, isUpdate: true });
  return (message.blocks ?? []).flatMap((block) => {
    if (block.type === 'section') return (block.text?.text ?? '').split('\n');
    if (block.type === 'actions')
      return block.elements.flatMap((each) => ('action_id' in each ? `[${each.action_id}]` : []));
    return [];
  });
}

function card(change: Partial<RunCardData>): RunCardData {
  return {
    run: upgradeRun(plan),
    steps: upgradeSteps(plan, null),
    title: 'Upgrade a cluster',
    actions: [],
    withoutLanes: [],
    approval: null,
    votes: [],
    decisions: [],
    names: new Map(),
    approvers: [],
    blockedBy: null,
    silentSince: null,
    receipt: null,
    mayRepeat: false,
    ...change,
  };
}

const previewOf = (backends: number) =>
  preview({
    title: 'Upgrade a cluster',
    clusterName: 'prod-eu',
    risk: 'high',
    plan: upgradePlan(backends),
    reason: null,
    approvals: 1,
    irreversible: [],
    draftId: `cmd_${'0'.repeat(26)}`,
    asksForName: false,
  });

describe('the preview of an upgrade', () => {
  it('is told by stage, notes first, and what is done to a node only once', () => {
    const lines = shown(previewOf(6));
    const numbered = lines.filter((line) => /^\d+\. /.test(line));
    expect(numbered.map((line) => line.slice(0, 60))).toEqual([
      expect.stringMatching(/^1\. Write the way from/),
      expect.stringMatching(/^2\. \*Staging\*: 9 hosts, 8 at a time: 10\.0\.0\.1/),
      expect.stringMatching(/^3\. .*metadata/),
      '4. *Canary*: be 10.0.1.1:9050',
      '5. Wait until a person has looked and resumes the run',
      expect.stringMatching(/^6\. \*Backends in rack:r1\*: 5 nodes, one after the other: be 1/),
      expect.stringMatching(/^7\. \*Followers, and the leader last\*: 3 nodes, one after/),
    ]);
    expect(lines.indexOf('*Read this first*')).toBeLessThan(lines.findIndex((line) => line.startsWith('1. ')));
    expect(lines.filter((line) => line.includes('Stop it (3.4.10-1a2b3c4)'))).toHaveLength(1);
    expect(lines.find((line) => line.includes('as in 4, without: Watch the cluster for 60 s'))).toBeDefined();
  });

  it.each([20, 200])('fits into a message with %i backends, first and last stages included', (backends) => {
    const text = shown(previewOf(backends)).join('\n');
    expect(text).toContain('*Canary*: be 10.0.1.1:9050');
    expect(text).toContain('*Followers, and the leader last*');
    if (backends === 200) expect(text).toContain('… 22 more stages like these: 176 nodes');
  });

  it('tells a plan without lanes step by step', () => {
    expect(
      planLines([
        { kind: 'a', title: 'Stop it', about: theCluster },
        { kind: 'b', title: 'Start it', about: theCluster },
      ]),
    ).toEqual(['1. Stop it', '2. Start it']);
  });
});

describe('the card of an upgrade', () => {
  it('shows the stage under way by node, with how long nodes were away, and the others on one line each', () => {
    const steps = upgradeSteps(plan, 'Stop be 10.0.1.4:').map((step) =>
      step.state === 'applying'
        ? { ...step, progress: { completed: 0, total: null, message: '2 queries are ending' } }
        : step,
    );
    const lines = shown(runCard(card({ steps })));
    expect(lines.slice(lines.findIndex((line) => line.startsWith('✔')))).toEqual([
      '✔ done: 3 steps, the last: Prove the archive of 3.5.0 at /releases/StarRocks-3.5.0.tar.gz',
      '✔ done: *Staging*: 9 hosts',
      expect.stringMatching(/^✔ done: \d steps, the last: Pause tablet scheduling/),
      '✔ done: *Canary*: be 10.0.1.1:9050, away 4 s',
      '✔ done: Wait until a person has looked and resumes the run',
      '▶ running: *Backends in rack:r1*: 2 of 5 nodes done, one after the other',
      '\u2003✔ done: be 10.0.1.2:9050, away 4 s',
      '\u2003✔ done: be 10.0.1.3:9050, away 4 s',
      `\u2003▶ running: Stop be 10.0.1.4:9050 (${old}), letting its work end (2 queries are ending)`,
      '\u2003○ waiting: be 10.0.1.5:9050',
      '\u2003○ waiting: be 10.0.1.6:9050',
      '○ waiting: *Followers, and the leader last*: 3 nodes, one after the other',
    ]);
    expect(lines[0]).toMatch(/^\*RUNNING\* · 3 of 9 nodes done · \d+ of \d+ steps done/);
    expect(runCard(card({ steps })).text).toBe(
      `RUNNING: R-12 Upgrade a cluster on prod-eu. Backends in rack:r1: 2 of 5 nodes done. Stop be 10.0.1.4:9050 (${old}), letting its work end`,
    );
  });

  it('folds many stages of a large cluster, but not the one under way', () => {
    const large = upgradePlan(200);
    const lines = shown(runCard(card({ run: upgradeRun(large), steps: upgradeSteps(large, 'Stop be 10.0.1.44:') })));
    expect(lines).toContain('✔ done: *Backends in rack:r1* to *Backends in rack:r5*: 5 stages, 39 nodes, away 4 s');
    expect(lines).toContain(`\u2003▶ running: Stop be 10.0.1.44:9050 (${old}), letting its work end`);
    expect(lines.length).toBeLessThan(30);
  });

  const log = Array.from({ length: 30 }, (_, index) => `be.WARNING: line ${index} <!channel> \`\`\` & more`);
  const broken = failedAt(plan, 'Wait until the cluster says that be 10.0.1.4:', log);
  const failure = broken.find((step) => step.state === 'failed')?.failure ?? null;
  const why = 'be 10.0.1.4:9050 was started with 3.5.0, but its process has ended';

  it('says whom it takes back to which version while it does, and why', () => {
    const first = broken.findIndex((step) => step.phase === 'recover');
    const steps = broken.map((step, index) => (index === first ? { ...step, state: 'applying' as const } : step));
    const lines = shown(runCard(card({ run: upgradeRun(plan, { outcome: { state: 'FAILED', failure } }), steps })));
    expect(lines[0]).toContain(`*takes be 10.0.1.4:9050 back to ${old}*`);
    expect(lines).toContain(`\u2003✖ failed, is put back: ${why}`);
    expect(lines).toContain(`*What went wrong* (HEALTH_GATE_TIMEOUT): ${why}`);
    expect(lines).toContain('\u2003○ not begun: be 10.0.1.5:9050');
    expect(lines.find((line) => line.startsWith('↩'))).toMatch(
      /^↩ running: takes be 10\.0\.1\.4:9050 back to 3\.4\.10-1a2b3c4: /,
    );
  });

  // The cluster has the last word: `3.4.10` was meant, and this is what it says that it runs.
  const runs = '3.4.10-9f8e7d6';
  const ended = broken.map((step) =>
    step.phase === 'recover'
      ? { ...step, state: 'done' as const, observed: step.kind === awaitVersion.kind ? runs : null }
      : step,
  );
  const failed = card({
    run: upgradeRun(plan, { state: 'FAILED', failure, finishedAt: new Date(at.getTime() + 600_000) }),
    steps: ended,
    actions: ['RETRY', 'UNDO'],
    withoutLanes: ['be 10.0.1.4:9050'],
  });

  it('ends with what was put back, the last lines of the log, and what can be done', () => {
    const lines = shown(runCard(failed));
    expect(lines).toContain(`\u2003↩ failed, was put back to ${runs}: ${why}`);
    expect(lines).toContain(`↩ done: be 10.0.1.4:9050 put back to ${runs}`);
    const from = lines.indexOf('```');
    expect(lines.slice(from + 1, lines.indexOf('```', from + 1))).toEqual(
      Array.from({ length: 15 }, (_, index) => `be.WARNING: line ${index + 15} &lt;!channel&gt; ''' &amp; more`),
    );
    expect(lines.slice(-3)).toEqual(['[run.retry]', '[run.undo]', '[run.without]']);
    expect(endLine(failed, { requester: '<@U1>' })).toContain(
      `${why}. Look at its log. be 10.0.1.4:9050 was put back to ${runs}. See`,
    );
  });

  it('does not name a version that nobody has seen', () => {
    const steps = ended.map((step) => (step.phase === 'recover' ? { ...step, observed: null } : step));
    expect(endLine({ ...failed, steps }, { requester: null })).toContain(
      'be 10.0.1.4:9050 was taken back; what runs there now was not seen.',
    );
  });

  it('goes on without a node and says so', () => {
    const steps = upgradeSteps(plan, 'Stop fe 10.0.0.2').map((step) =>
      step.lane?.name === 'be 10.0.1.4:9050' ? { ...step, state: 'skipped' as const } : step,
    );
    expect(shown(runCard(card({ steps })))).toContain(
      '✔ done: *Backends in rack:r1*: 4 nodes, away 4 s, without be 10.0.1.4:9050',
    );
  });

  it('says why it is paused: a person is to look, or a person paused it', () => {
    const progress = (message: string) => ({ completed: 1, total: null, message });
    const look = 'be 10.0.1.1:9050 runs 3.5.0. Look at it, then resume the run';
    const steps = upgradeSteps(plan, 'See whether be 10.0.1.2:9050').map((step) =>
      step.state === 'applying' ? { ...step, state: 'pending' as const, startedAt: null } : step,
    );
    const holding = steps.map((step) => (step.kind === holdForPerson.kind ? { ...step, hold: look } : step));
    const held = card({ run: upgradeRun(plan, { state: 'PAUSED', progress: progress(look) }), steps: holding });
    expect(shown(runCard(held))).toContain(`*Paused, so that a person looks*: ${look}`);
    expect(runCard(held).text).toContain(look);
    const title = 'Wait until a person has looked and resumes the run';
    // Even one whose last word is that of the step that holds.
    const paused = card({ run: upgradeRun(plan, { state: 'PAUSED', progress: progress(title) }), steps });
    const after = card({ run: upgradeRun(plan, { state: 'PAUSED', progress: progress(look) }), steps });
    expect(shown(runCard(after))).toContain(`*Paused by a person*, until it is resumed. The last it did: ${look}.`);
    expect(shown(runCard(paused))).toContain(`*Paused by a person*, until it is resumed. The last it did: ${title}.`);
  });
});

describe('the refusals of a preflight', () => {
  const refusals = (change: Parameters<typeof facts>[0], acceptWarnings: string[] = []) => {
    const checks = upgradeChecks(facts(change), { direction: 'UPGRADE', maxRunningQueries: 20, maxBackupAgeHours: 24 });
    const found = upgradeRefusals(checks, { acceptWarnings });
    return found.map((refusal) => ({ ...refusal, path: refusal.path ?? null, retryable: false }));
  };
  const again = (names: readonly string[]) => `upgrade prod-eu --to 3.5.0 --accept-warnings ${names.join(',')}`;

  it('are a list by check, with one line that accepts them when they are only warnings', () => {
    const errors = refusals({ newestBackupAt: null, runningQueries: { value: 30 } });
    const lines = shown(refusalNotice(errors, { usage: '', again }));
    expect(lines[0]).toBe(`*Not done* · ${errors.length} warnings may be accepted`);
    expect(lines).toContainEqual(expect.stringMatching(/^⚠ warning: `backup-fresh` no verified backup; wanted /));
    const names = errors.map(({ message }) => message.split(':')[0]);
    expect(names).toEqual(expect.arrayContaining(['backup-fresh', 'running-queries']));
    expect(lines).toContain(`/sr upgrade prod-eu --to 3.5.0 --accept-warnings ${names.join(',')}`);
    expect(lines.join()).not.toContain('into acceptWarnings');
  });

  it('offer no line while something has to be mended', () => {
    const errors = refusals({ newestBackupAt: null, singleReplicaTables: { value: 3 }, release: null });
    const lines = shown(refusalNotice(errors, { usage: '', again }));
    expect(lines[0]).toMatch(/^\*Not done\* · 1 check must be mended first · \d+ warnings? may be accepted$/);
    expect(lines[1]).toMatch(/^✖ failed: `release-registered`/);
    expect(lines.join()).not.toContain('--accept-warnings');
  });

  it('are told as they are when something else was wrong too', () => {
    const errors = refusals({ newestBackupAt: null }, ['backup-frsh']);
    expect(shown(refusalNotice(errors, { usage: '', again })).join('\n')).toContain('There is no check "backup-frsh"');
  });
});

describe('a cluster of several versions', () => {
  const cluster = { name: 'prod-eu', environment: 'prod', observedAt: at, problems: [] };
  const nodes = [
    node({ version: '3.5.0-48f4d81' }),
    node({ id: 'nod_2', host: '10.0.0.12', version: '3.4.6-1a2b3c4' }),
  ];
  const upgrade = { direction: 'UPGRADE' as const, fromVersion: '3.4.6', toVersion: '3.5.0', runNumber: 12 };
  const status = (state: 'PAUSED' | 'SUCCEEDED' | 'FAILED', of = nodes) =>
    shown(
      clusterStatus({
        cluster,
        nodes: of,
        openAlerts: 0,
        health: health(),
        openUpgrades: [{ ...upgrade, state }],
        held: null,
        automationLines: [],
        openRuns: [],
        lastRun: null,
        removedNodes: [],
        alertLines: [],
        hidings: [],
        stopped: new Map(),
        workedOn: new Map([['nod_2', 12]]),
      }),
    );

  it('says so in the list and in its status, with the run that makes it so', () => {
    const line = {
      cluster,
      nodes,
      openAlerts: 0,
      health: health(),
      openUpgrades: [{ ...upgrade, state: 'PAUSED' as const }],
      held: null,
    };
    expect(shown(clusterList([line]))[0]).toBe(
      '*GOOD, 100 of 100* `prod-eu` · prod · 2 nodes · *mixed versions*: 1 backend on 3.5.0, 1 backend on 3.4.6, R-12 is PAUSED',
    );
    const lines = status('PAUSED');
    expect(lines[0]).toContain('*mixed versions*: 1 backend on 3.5.0, 1 backend on 3.4.6');
    expect(lines[1]).toBe('R-12 upgrades from 3.4.6 to 3.5.0: *PAUSED*');
    expect(lines).toContain('`be 10.0.0.12:9050` alive · R-12 works on it · 3.4.6-1a2b3c4 · disk 12 %');
    expect(lines.join()).not.toContain('finalize');
  });

  it('is asked to be finalized once all nodes run the same again', () => {
    const lines = status(
      'SUCCEEDED',
      nodes.map((each) => ({ ...each, version: '3.5.0-48f4d81' })),
    );
    expect(lines[0]).toContain('version 3.5.0-48f4d81');
    expect(lines).toContain('The old binaries are kept until `/sr finalize prod-eu`.');
    const failed = status(
      'FAILED',
      nodes.map((each) => ({ ...each, version: '3.4.6-1a2b3c4' })),
    );
    expect(failed).toContain(
      'What R-12 put on the nodes stays there until it is undone, or until `/sr finalize prod-eu`.',
    );
  });
});
