/**
 * What the files of `test/long` cover: one is due when a path that begins like one of these has changed, or the file itself. The
 * seconds are those of a machine of two cores on which two others run beside it; a file that is not named here takes `otherSeconds`.
 *
 * @typedef {{ files: RegExp, paths: readonly string[] }} Cover
 */

const engine = ['src/runs/', 'src/store/', 'src/domain/', 'src/jobs/', 'src/steps/', 'src/app/', 'test/helpers/'];
const upgrades = ['src/operations/upgrade/', 'src/domain/upgrade/'];
const hosts = ['src/adapters/', 'sandbox/hosts/', 'sandbox/releases/'];

/** @type {readonly Cover[]} */
export const covers = [
  { files: /^test\/long\/survives-crashes\./, paths: [...engine, ...hosts, 'src/operations/'] },
  { files: /^test\/long\/upgrade\/orchestration-/, paths: [...engine, ...upgrades, ...hosts] },
  {
    files: /^test\/long\/upgrade\/faults-/,
    paths: [...upgrades, ...hosts, 'src/steps/', 'src/runs/drive/', 'test/helpers/'],
  },
  { files: /^test\/long\/upgrade\/round-trip\./, paths: [...upgrades, ...hosts, 'sandbox/starrocks/'] },
  {
    files: /^test\/long\/topology\//,
    paths: [
      ...['src/operations/topology/', 'src/operations/node/', 'src/domain/deploy/', 'src/domain/topology-change/'],
      ...['src/domain/run-control/', 'src/steps/', 'src/runs/drive/', 'sandbox/starrocks/', 'test/helpers/', ...hosts],
    ],
  },
  { files: /^test\/long\/hostile-input\./, paths: ['src/operations/', 'src/adapters/', 'src/domain/', 'src/runs/'] },
  { files: /^test\/long\/sandbox\//, paths: ['sandbox/'] },
  {
    files: /^test\/long\/backups\//,
    paths: [
      ...engine,
      ...['src/operations/backup/', 'src/adapters/object-store/', 'sandbox/starrocks/', 'sandbox/s3/'],
    ],
  },
  { files: /^test\/long\/schedules-/, paths: engine },
  {
    files: /^test\/long\/monitoring\//,
    paths: [
      ...[
        'src/monitor/',
        'src/domain/',
        'src/adapters/',
        'src/store/alerts/',
        'src/store/metrics/',
        'src/store/probes/',
      ],
      ...['src/bot/messages/', 'src/bot/views/', 'sandbox/'],
    ],
  },
  {
    files: /^test\/long\/alerts\//,
    paths: ['src/domain/delivery/', 'src/store/slack/', 'src/store/alerts/', 'src/bot/messages/', 'src/bot/views/'],
  },
  {
    files: /^test\/long\/alerts\/nothing-lost-(for-real|without-services)\./,
    paths: [
      ...['src/monitor/', 'src/bot/', 'src/app/', 'src/store/', 'src/due-loop.ts', 'src/jobs/doorbell.ts'],
      ...['sandbox/slack/', 'sandbox/world/', 'scripts/services.mjs', 'scripts/lib/', 'test/helpers/alerts/'],
    ],
  },
  {
    files: /^test\/long\/deaths\/upgrade\./,
    paths: [...engine, ...upgrades, ...hosts, 'src/steps/', 'test/runs/deaths/'],
  },
  {
    files: /^test\/long\/deaths\/deploying\./,
    paths: [...engine, 'src/operations/topology/', 'src/domain/deploy/', 'src/adapters/ssh/', 'src/adapters/nodes/'],
  },
  {
    files: /^test\/long\/(deaths\/restoring|restores\/.*)\./,
    paths: [...engine, 'src/operations/restore/', 'src/adapters/starrocks/', 'sandbox/starrocks/', 'sandbox/s3/'],
  },
  { files: /^test\/long\/scripts\//, paths: ['scripts/', 'src/operations/', 'src/schema/'] },
  {
    files: /^test\/long\/monitoring\/prometheus\./,
    paths: [
      ...['src/domain/metrics/', 'src/adapters/prometheus/', 'src/adapters/http/', 'src/runs/look-at-history.ts'],
      ...['src/store/metrics/', 'src/store/reads/metric-history.ts', 'sandbox/starrocks/', 'bench/probe/prometheus.ts'],
    ],
  },
  {
    files: /^test\/long\/bench\//,
    paths: [
      ...['bench/', 'src/monitor/', 'src/adapters/http/', 'src/domain/metrics/', 'src/store/metrics/'],
      ...['src/store/slack/', 'src/bot/messages/'],
    ],
  },
];

/** @type {Readonly<Record<string, number>>} */
export const labSeconds = {
  'test/long/survives-crashes.test.ts': 240,
  'test/long/upgrade/round-trip.test.ts': 230,
  'test/long/upgrade/orchestration-crashes.test.ts': 180,
  'test/long/upgrade/orchestration-people.test.ts': 160,
  'test/long/upgrade/orchestration-return.test.ts': 100,
  'test/long/upgrade/orchestration-leader.test.ts': 70,
  'test/long/upgrade/faults-frontends.test.ts': 230,
  'test/long/upgrade/faults-hosts.test.ts': 240,
  'test/long/upgrade/faults-staging.test.ts': 150,
  'test/long/upgrade/faults-backends.test.ts': 90,
  'test/long/topology/grow-and-roll.test.ts': 110,
  'test/long/topology/run-control.test.ts': 110,
  'test/long/topology/deploy.test.ts': 180,
  'test/long/topology/replace.test.ts': 240,
  'test/long/bench/bench.test.ts': 130,
  'test/long/deaths/deploying.test.ts': 75,
  'test/long/deaths/upgrade.test.ts': 180,
  'test/long/scripts/new-operation.test.ts': 30,
  'test/long/monitoring/prometheus.test.ts': 130,
  'test/long/sandbox/main.test.ts': 40,
  'test/long/backups/three-weeks.test.ts': 900,
  'test/long/backups/faults.test.ts': 180,
  'test/long/restores/faults.test.ts': 100,
  'test/long/restores/goes-wrong.test.ts': 60,
  'test/long/restores/dropped.test.ts': 50,
  'test/long/restores/leader-killed.test.ts': 60,
  'test/long/restores/points.test.ts': 120,
  'test/long/hostile-input.test.ts': 130,
  'test/long/schedules-killed.test.ts': 200,
  'test/long/alerts/storm.test.ts': 150,
  'test/long/alerts/nothing-lost-everywhere.test.ts': 150,
  'test/long/alerts/nothing-lost-for-real.test.ts': 200,
  'test/long/alerts/nothing-lost-without-services.test.ts': 180,
  'test/long/monitoring/numbers.test.ts': 80,
  'test/long/monitoring/nodes.test.ts': 180,
  'test/long/monitoring/vanished-disk.test.ts': 70,
  'test/long/monitoring/backups.test.ts': 120,
  'test/long/monitoring/snapshots.test.ts': 60,
  'test/long/monitoring/late.test.ts': 230,
  'test/long/monitoring/sweep.test.ts': 200,
};
const otherSeconds = 25;
const secondsOf = (/** @type {string} */ file) => labSeconds[file] ?? otherSeconds;

/** As many files at a time as `vitest.config.ts` has workers for, on two cores: not three times as fast. */
const speedUp = 2;

/**
 * @param {{ labs: readonly string[], changed: readonly string[] | null, turn: number, seconds: number }} given `changed` null =
 *   not known, so everything counts as changed; `turn` grows with each change: it decides who is first where not all have room
 * @returns {{ run: string[], left: string[], notDue: string[] }} `left` = due, and there is no time for it
 */
export function chooseLabs({ labs, changed, turn, seconds }) {
  const isDue = (/** @type {string} */ file) =>
    changed === null ||
    changed.includes(file) ||
    covers.some(
      ({ files, paths }) => files.test(file) && changed.some((path) => paths.some((from) => path.startsWith(from))),
    );
  const due = labs.filter(isDue).toSorted();
  const from = due.length === 0 ? 0 : turn % due.length;
  /** @type {string[]} */
  const run = [];
  let total = 0;
  for (const file of [...due.slice(from), ...due.slice(0, from)]) {
    const longest = Math.max(secondsOf(file), ...run.map(secondsOf));
    if (Math.max(longest, (total + secondsOf(file)) / speedUp) > seconds) continue;
    run.push(file);
    total += secondsOf(file);
  }
  return { run, left: due.filter((file) => !run.includes(file)), notDue: labs.filter((file) => !due.includes(file)) };
}

/**
 * The commit that a change is compared with: the one that was named, else where the branch left the main one, else the commit
 * before. Null = the history does not say, as in a checkout without any.
 *
 * @param {(args: readonly string[]) => string | null} git answers null where git does not
 * @param {string | undefined} named
 */
export function findBase(git, named) {
  const head = git(['rev-parse', 'HEAD']);
  if (head === null) return null;
  if (named !== undefined && named !== '') return git(['rev-parse', '--verify', '--quiet', `${named}^{commit}`]);
  for (const main of ['origin/main', 'origin/master']) {
    const base = git(['merge-base', 'HEAD', main]);
    if (base !== null && base !== head) return base;
  }
  return git(['rev-parse', '--verify', '--quiet', 'HEAD~1']);
}
