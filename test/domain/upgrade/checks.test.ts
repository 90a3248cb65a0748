import { describe, expect, it } from 'vitest';
import { upgradeChecks, upgradeRefusals } from '../../../src/domain/upgrade/checks.ts';
import type { UpgradeFacts, UpgradeLimits } from '../../../src/domain/upgrade/checks-facts.ts';
import { upgradeCheckNames } from '../../../src/domain/upgrade/checks-verdict.ts';
import type { NamedCheck } from '../../../src/domain/verdict.ts';
import { be, facts, fe, host, now, onHost, release } from './checks-builders.ts';

const MiB = 1_048_576;
const limits: UpgradeLimits = { maxRunningQueries: 10, maxBackupAgeHours: 24, direction: null };

function check(name: string, given: UpgradeFacts, more: Partial<UpgradeLimits> = {}): NamedCheck {
  const found = upgradeChecks(given, { ...limits, ...more }).filter((one) => one.name === name);
  expect(found, name).toHaveLength(1);
  const [only] = found;
  if (only === undefined) throw new Error(`no check ${name}`);
  return only;
}

const line = ({ status, severity, observed }: NamedCheck) => `${status} ${severity} ${observed}`;
const failed = (given: UpgradeFacts, more: Partial<UpgradeLimits> = {}) =>
  upgradeChecks(given, { ...limits, ...more })
    .filter(({ status }) => status === 'FAIL')
    .map(({ name, severity }) => `${severity} ${name}`);
const followers = [fe(1, { role: 'LEADER' }), fe(2), fe(3)];
const totals = (more: object) => {
  const { replicas } = facts();
  return 'value' in replicas ? { value: { ...replicas.value, ...more } } : replicas;
};

describe('the list', () => {
  it('has every check once, by the names that acceptWarnings knows', () => {
    const names = upgradeChecks(facts(), limits).map(({ name }) => name);
    expect(names.toSorted()).toEqual([...upgradeCheckNames].toSorted());
  });

  it('finds nothing to block or warn of in a cluster that is well', () => {
    expect(failed(facts())).toEqual([]);
    expect(upgradeRefusals(upgradeChecks(facts(), limits), { acceptWarnings: [] })).toEqual([]);
  });

  it('has a hint for each failure, and none for a success', () => {
    const bad = facts({ nodes: [fe(1, { alive: false, hostId: null, onHost: null })], release: null });
    for (const { name, status, hint } of [...upgradeChecks(bad, limits), ...upgradeChecks(facts(), limits)])
      expect(hint !== null, `${name} ${status}`).toBe(status === 'FAIL');
  });

  it('says of every question that may block that it could not be asked, and passes none of them', () => {
    const dark = { failed: 'Access denied; OPERATE is missing' };
    const given = facts({ replicas: dark, backupJobs: dark, work: dark, archive: dark, singleReplicaTables: dark });
    expect(failed(given)).toEqual([
      'BLOCK archive-intact',
      'BLOCK tablets-healthy',
      'BLOCK no-backup-or-restore',
      'BLOCK no-schema-change',
      'WARN loads-running',
      'WARN single-replica-tables',
    ]);
  });

  it('skips what is harmless not to know', () => {
    const dark = { failed: 'no answer' };
    const given = facts({ runningQueries: dark, routineLoads: dark });
    expect(line(check('running-queries', given))).toBe('SKIPPED INFO no answer');
    expect(failed(given)).toEqual([]);
  });
});

describe('versions and releases', () => {
  const on = (version: string) => [
    fe(1, { role: 'LEADER', version }),
    fe(2, { version }),
    fe(3, { version }),
    be(1, { version }),
    be(2, { version }),
  ];

  it.each([
    ['a step of one line', '3.4.10-1a2b3c4', '3.5.0', /^PASS BLOCK 3\.4\.10-1a2b3c4 to 3\.5\.0$/],
    ['a line left out', '3.3.15-1a2b3c4', '3.5.0', /^FAIL BLOCK .*3\.4/],
    ['a candidate', '3.4.10-1a2b3c4', '3.5.0-rc01', /^FAIL WARN .*3\.5\.0-rc01/],
    ['a version without an order', 'MAIN-RELEASE-d094052', '3.5.0', /^FAIL BLOCK .*no place among versions/],
    ['the version that runs already', '3.5.0-1a2b3c4', '3.5.0', /^FAIL BLOCK 5 nodes run 3\.5\.0 already$/],
  ])('judges %s', (_what, from, to, wanted) => {
    expect(line(check('path-allowed', facts({ nodes: on(from), to, release: release({ version: to }) })))).toMatch(
      wanted,
    );
  });

  it('sends a downgrade to the operation that takes the nodes in its order, and takes it in a mere check', () => {
    const given = facts({ nodes: on('3.5.0-1a2b3c4'), to: '3.4.10', release: release({ version: '3.4.10' }) });
    expect(check('path-allowed', given, { direction: 'UPGRADE' })).toMatchObject({
      status: 'FAIL',
      severity: 'BLOCK',
      hint: expect.stringContaining('downgradeCluster'),
    });
    expect(check('path-allowed', given, { direction: 'DOWNGRADE' }).status).toBe('PASS');
    expect(check('path-allowed', given).status).toBe('PASS');
  });

  it('goes on with a cluster that is half-way, and says so', () => {
    const given = facts({ nodes: [...followers, be(1, { version: '3.5.0-9999999' }), be(2)] });
    expect(check('path-allowed', given).status).toBe('PASS');
    expect(line(check('mixed-versions', given))).toBe('FAIL INFO 4 on 3.4.10-1a2b3c4, 1 on 3.5.0-9999999');
    expect(upgradeRefusals(upgradeChecks(given, limits), { acceptWarnings: [] })).toEqual([]);
  });

  it('warns when there would be no way back', () => {
    const given = facts({ nodes: on('3.4.5-1a2b3c4') });
    expect(line(check('return-path', given))).toMatch(/^FAIL WARN No way back once the first frontend runs/);
    expect(check('return-path', facts()).status).toBe('PASS');
  });

  it('wants the release in the catalogue, with the parts that the cluster is made of', () => {
    expect(failed(facts({ release: null, archive: null }))).toEqual(['BLOCK release-registered']);
    const onlyBackend = facts({ release: release({ contents: ['BACKEND'] }) });
    expect(line(check('release-contents', onlyBackend))).toBe('FAIL BLOCK has be');
    const noFrontendToo = facts({ nodes: [be(1), be(2)], release: release({ contents: ['BACKEND'] }) });
    expect(line(check('release-contents', noFrontendToo))).toMatch(/^SKIPPED INFO registered as be, not looked into/);
  });

  it.each([
    ['PATH', 'checkUpgrade reads all of it, and the upgrade does before anything is sent or stopped'],
    ['URL', 'checkUpgrade reads all of it, and the upgrade does before anything is sent or stopped'],
    ['HOST_URL', 'each host reads all of it while it is staged, before anything is stopped'],
    ['ON_NODE', 'each host reads all of it while it is staged, before anything is stopped'],
  ] as const)('passes no archive that nobody has read, and says who will: %s', (kind, who) => {
    const unread = release({ source: { kind, location: '/srv/sr.tar.gz' }, sha256: '0'.repeat(64) });
    const given = facts({ release: unread, ...(kind === 'ON_NODE' ? { archive: null } : {}) });
    for (const name of ['archive-intact', 'release-contents'] as const) {
      const { status, observed } = check(name, given);
      expect(status, name).toBe('SKIPPED');
      expect(observed).toContain(who);
    }
  });

  it('passes one that was read, with both parts in it', () => {
    const { sha256, sizeBytes } = release();
    const archive = { value: { sizeBytes, sha256, parts: ['FRONTEND', 'BACKEND'] as const, problems: [] } };
    expect(check('archive-intact', facts({ archive })).status).toBe('PASS');
    expect(check('release-contents', facts({ archive })).status).toBe('PASS');
  });

  it('believes what was found inside the archive more than what was written down', () => {
    const archive = { value: { sizeBytes: null, sha256: null, parts: ['FRONTEND' as const], problems: [] } };
    expect(line(check('release-contents', facts({ archive })))).toBe('FAIL BLOCK has fe');
  });

  it.each([
    ['another checksum', { sha256: 'b'.repeat(64) }, `its sha256 is ${'b'.repeat(64)}`],
    ['another size', { sizeBytes: 17 }, `it has 17 bytes, not ${3_000 * MiB}`],
    ['a broken file', { problems: ['unexpected end of file'] }, 'unexpected end of file'],
  ])('refuses an archive with %s', (_what, more, observed) => {
    const archive = { value: { sizeBytes: 3_000 * MiB, sha256: null, parts: null, problems: [], ...more } };
    expect(line(check('archive-intact', facts({ archive })))).toBe(`FAIL BLOCK ${observed}`);
  });

  it('only warns when an address that the hosts fetch from cannot be reached from here', () => {
    const ours = release({ source: { kind: 'URL', location: 'http://files.local/sr.tar.gz' } });
    expect(line(check('archive-intact', facts({ release: ours, archive: { failed: 'no way' } })))).toMatch(
      /^FAIL BLOCK/,
    );
    const url = release({ source: { kind: 'HOST_URL', location: 'http://files.local/sr.tar.gz' } });
    const given = facts({ release: url, archive: { failed: 'http://files.local/sr.tar.gz cannot be reached' } });
    expect(line(check('archive-intact', given))).toMatch(/^FAIL WARN http/);
  });

  it('looks on every node for an archive that is said to be there', () => {
    const onNode = release({ source: { kind: 'ON_NODE', location: '/srv/sr.tar.gz' } });
    const nodes = [
      fe(1, { role: 'LEADER', onHost: { value: onHost({ hasArchive: true }) } }),
      fe(2, { onHost: { value: onHost({ hasArchive: false }) } }),
      be(1, { onHost: { value: onHost({ hasArchive: false }) } }),
    ];
    expect(line(check('archive-intact', facts({ nodes, release: onNode, archive: null })))).toBe(
      'FAIL BLOCK fe 10.0.0.2:9010 does not have it; be 10.0.1.1:9050 does not have it',
    );
  });
});

describe('the cluster', () => {
  it.each<[string, Partial<UpgradeFacts>, string[]]>([
    ['a backend is down', { nodes: [...followers, be(1, { alive: false }), be(2), be(3)] }, ['BLOCK nodes-alive']],
    ['there is no leader', { nodes: [fe(1), fe(2), fe(3), be(1), be(2)] }, ['BLOCK one-leader']],
    ['there is one frontend', { nodes: [fe(1, { role: 'LEADER' }), be(1), be(2)] }, ['WARN frontends-quorum']],
    [
      'there are two frontends',
      { nodes: [fe(1, { role: 'LEADER' }), fe(2), be(1), be(2)] },
      ['BLOCK frontends-quorum'],
    ],
    [
      'observers do not count',
      { nodes: [fe(1, { role: 'LEADER' }), fe(2), fe(3, { role: 'OBSERVER' }), be(1), be(2)] },
      ['BLOCK frontends-quorum'],
    ],
    ['there is one backend', { nodes: [...followers, be(1)] }, ['WARN spare-worker']],
    ['tablets miss a replica', { replicas: totals({ unhealthyTablets: 2 }) }, ['BLOCK tablets-healthy']],
    [
      'a backend is being emptied',
      { nodes: [...followers, be(1, { decommissioning: true }), be(2)] },
      ['BLOCK no-decommission'],
    ],
    ['a backup runs', { backupJobs: { value: ['sales.s1 (backup)'] } }, ['BLOCK no-backup-or-restore']],
    [
      'a rollup runs',
      { work: { value: { schemaChanges: ['sales: 1 rollup'], loads: [] } } },
      ['BLOCK no-schema-change'],
    ],
    ['a load runs', { work: { value: { schemaChanges: [], loads: ['sales: 2'] } } }, ['WARN loads-running']],
    ['routine loads run', { routineLoads: { value: 4 } }, ['INFO routine-loads']],
    ['many queries run', { runningQueries: { value: 11 } }, ['WARN running-queries']],
    ['tables have one replica', { singleReplicaTables: { value: 2 } }, ['WARN single-replica-tables']],
    ['there is no backup', { newestBackupAt: null }, ['WARN backup-fresh']],
    ['the backup is old', { newestBackupAt: new Date(now.getTime() - 25 * 3_600_000) }, ['WARN backup-fresh']],
  ])('speaks up when %s', (_what, more, wanted) => {
    expect(failed(facts(more))).toEqual(wanted);
  });

  it('does not ask for replicas where the data is in an object store', () => {
    const given = facts({
      runMode: 'shared_data',
      replicas: totals({ unhealthyTablets: 9 }),
      singleReplicaTables: { value: 9 },
    });
    expect(failed(given)).toEqual([]);
  });

  it('warns of a frontend whose images fail, and of one that could not be asked', () => {
    const images = [
      { label: 'fe 1', image: { value: { journalId: 200_500, checkpointJournalId: 500, checkpointAt: now } } },
      { label: 'fe 2', image: { failed: 'no answer' } },
    ];
    expect(line(check('image-fresh', facts({ images })))).toBe(
      'FAIL WARN fe 1 is 200000 entries behind; fe 2: no answer',
    );
  });

  it('takes a young cluster without an image for what it is', () => {
    const images = [
      { label: 'fe 1', image: { value: { journalId: 900, checkpointJournalId: -1, checkpointAt: null } } },
    ];
    expect(line(check('image-fresh', facts({ images })))).toBe('PASS WARN 900 journal entries behind at most');
  });
});

describe('the hosts', () => {
  const withBackend = (more: Parameters<typeof onHost>[0]) =>
    facts({ nodes: [...followers, be(1, { onHost: { value: onHost(more) } }), be(2)] });
  const withFrontend = (java: ReturnType<typeof onHost>['java'], given: Partial<UpgradeFacts> = {}) =>
    facts({
      nodes: [fe(1, { role: 'LEADER', onHost: { value: onHost({ java }) } }), fe(2), fe(3), be(1), be(2)],
      ...given,
    });

  it('names the nodes without a host, and those whose host does not answer', () => {
    const nodes = [
      ...followers,
      be(1, { hostId: null, deployDir: null, onHost: null }),
      be(2, { onHost: { failed: 'timed out' } }),
    ];
    const given = facts({ nodes });
    expect(line(check('hosts-attached', given))).toBe('FAIL BLOCK no host: be 10.0.1.1:9050');
    expect(line(check('hosts-answer', given))).toBe('FAIL BLOCK be 10.0.1.2:9050: timed out');
  });

  it('leaves nodes alone that run the target already', () => {
    const done = be(1, { version: '3.5.0', hostId: null, deployDir: null, onHost: null });
    expect(check('hosts-attached', facts({ nodes: [...followers, done, be(2)] })).status).toBe('PASS');
  });

  it('wants three times the archive where the node is', () => {
    expect(failed(withBackend({ disk: { freeBytes: 9_000 * MiB, mountPoint: '/' } }))).toEqual([]);
    const short = withBackend({ disk: { freeBytes: 8_999 * MiB, mountPoint: '/' } });
    expect(line(check('disk-space', short))).toBe('FAIL BLOCK be 10.0.1.1:9050: 8999 MiB free on /, 9000 MiB needed');
    expect(failed(withBackend({ disk: null }))).toEqual(['BLOCK disk-space']);
  });

  it('counts two nodes that share a file system together', () => {
    const disk = { freeBytes: 14_999 * MiB, mountPoint: '/' };
    const both = [
      be(1, { hostId: 'hst_1', onHost: { value: onHost({ disk }) } }),
      be(2, { hostId: 'hst_1', onHost: { value: onHost({ disk }) } }),
    ];
    expect(line(check('disk-space', facts({ nodes: [...followers, ...both] })))).toMatch(/15000 MiB needed$/);
  });

  it('lets a person compare when the size of the archive is not known', () => {
    const unknown = facts({
      release: release({ sizeBytes: null }),
      archive: { value: { sizeBytes: null, sha256: null, parts: null, problems: [] } },
    });
    expect(failed(unknown)).toEqual(['WARN disk-space']);
  });

  it.each([
    ['JDK 17', { version: '17.0.9', home: '/opt/jdk-17', hasCompiler: false }, '3.5.0', 17, 'PASS'],
    ['JDK 11 for 3.5', { version: '11.0.20', home: '/opt/jdk-11', hasCompiler: true }, '3.5.0', 17, 'FAIL'],
    ['no JDK', null, '3.5.0', 17, 'FAIL'],
    ['a JRE for 3.4', { version: '11.0.20', home: '/opt/jre', hasCompiler: false }, '3.4.11', 11, 'PASS'],
    ['a JRE for 3.3', { version: '11.0.20', home: '/opt/jre', hasCompiler: false }, '3.3.18', 11, 'FAIL'],
    ['JDK 8 for 3.2', { version: '1.8.0_392', home: '/opt/jdk-8', hasCompiler: true }, '3.2.16', 8, 'PASS'],
    ['JDK 9 for 3.2', { version: '9.0.4', home: '/opt/jdk-9', hasCompiler: true }, '3.2.16', 8, 'FAIL'],
    ['a Java that tells nothing', { version: '', home: null, hasCompiler: true }, '3.5.0', 17, 'FAIL'],
  ] as const)('judges %s', (_what, java, to, minimumJdk, wanted) => {
    const given = withFrontend(java, { to, release: release({ version: to, minimumJdk }) });
    expect(check('jdk', given).status).toBe(wanted);
  });

  it('only warns of a JDK that cannot be told, and blocks for another frontend whose JDK is too old', () => {
    const untold = { unknown: 'JAVA_HOME: $JDK_BASE is not set in the file' };
    expect(line(check('jdk', withFrontend(untold)))).toBe(
      'FAIL WARN fe 10.0.0.1:9010: cannot be told: JAVA_HOME: $JDK_BASE is not set in the file',
    );
    const old = fe(2, { onHost: { value: onHost({ java: { version: '11.0.20', home: '/j', hasCompiler: true } }) } });
    const both = [fe(1, { role: 'LEADER', onHost: { value: onHost({ java: untold }) } }), old, fe(3), be(1), be(2)];
    expect(line(check('jdk', facts({ nodes: both })))).toMatch(/^FAIL BLOCK fe 10.0.0.2:9010: 11.0.20/);
  });

  it('names the JAVA_HOME that it saw', () => {
    const given = withFrontend({ version: '11.0.20', home: '/opt/jdk-11', hasCompiler: true });
    expect(line(check('jdk', given))).toBe('FAIL BLOCK fe 10.0.0.1:9010: 11.0.20 at JAVA_HOME=/opt/jdk-11');
  });

  it.each<[string, Parameters<typeof onHost>[0], string]>([
    ['a directory on two file systems', { swapProblem: 'lib is on another file system' }, 'BLOCK swap-possible'],
    ['a unit that is not there', { serviceProblem: 'Unit starrocks-be.service not found' }, 'BLOCK service-control'],
    ['a living node whose process nobody sees', { process: null }, 'BLOCK service-control'],
  ])('refuses %s', (_what, more, wanted) => {
    expect(failed(withBackend(more))).toEqual([wanted]);
  });

  const limit = { unit: 'starrocks-be.service', burst: 3, intervalMs: 120_000, sudoers: 'the line' };

  it.each([
    ['enough for both ways', { ...limit, restarts: false, mayReset: false }, 'PASS'],
    ['that can be set back', { ...limit, restarts: true, mayReset: true }, 'PASS'],
    ['that cannot be set back', { ...limit, restarts: true, mayReset: false }, 'FAIL'],
    ['of one start', { ...limit, burst: 1, restarts: false, mayReset: false }, 'FAIL'],
  ] as const)('counts the starts that a unit allows: a limit %s', (_what, startLimit, wanted) => {
    const found = check('service-control', withBackend({ startLimit }));
    expect(found.status).toBe(wanted);
    if (wanted === 'FAIL') expect(found).toMatchObject({ severity: 'WARN', hint: expect.stringContaining('the line') });
    else if (startLimit.restarts) expect(found.observed).toContain('3 times in 120 s');
  });

  it('warns of a node that another user than its own would start', () => {
    const found = check('service-control', withBackend({ startedAs: { user: 'root', belongsTo: 'starrocks' } }));
    expect(line(found)).toMatch(/^FAIL WARN be .* belongs to starrocks and would be started as root$/);
  });

  it('refuses a host without the tools', () => {
    const look = { value: { clock: null, missingTools: ['flock', 'tar'] } };
    const given = facts({ hosts: [host('10.0.0.1'), host('10.0.1.1', { look })] });
    expect(line(check('tools-on-host', given))).toBe('FAIL BLOCK 10.0.1.1 lacks flock, tar');
  });

  it.each<[string, number, number, string[]]>([
    ['a backend is 6 s ahead', 0, 6_000, ['WARN clocks']],
    ['a frontend is 6 s behind', -6_000, 0, ['BLOCK frontend-clocks', 'WARN clocks']],
    ['the doubt is as large as the difference', 5_008, 0, []],
  ])('compares clocks when %s', (_what, frontendMs, backendMs, wanted) => {
    const at = (address: string, aheadMs: number) =>
      host(address, { look: { value: { clock: { aheadMs, withinMs: 5 }, missingTools: [] } } });
    expect(
      failed(facts({ hosts: [at('10.0.0.1', frontendMs), at('10.0.0.2', 0), at('10.0.1.1', backendMs)] })),
    ).toEqual(wanted);
  });
});

describe('a downgrade', () => {
  const on35 = (n: number, confText: string | null) =>
    fe(n, {
      version: '3.5.0',
      role: n === 1 ? 'LEADER' : 'FOLLOWER',
      onHost: { value: onHost({ confText, java: { version: '17.0.9', home: '/j', hasCompiler: true } }) },
    });
  const back = (confText: string | null, to = '3.4.10') =>
    facts({
      nodes: [
        on35(1, confText),
        on35(2, confText),
        on35(3, confText),
        be(1, { version: '3.5.0' }),
        be(2, { version: '3.5.0' }),
      ],
      to,
      release: release({ version: to, minimumJdk: 11 }),
    });

  it.each([
    ['# ignore_unknown_log_id = true', 'FAIL'],
    ['ignore_unknown_log_id = false', 'FAIL'],
    ['http_port = 8030\nignore_unknown_log_id = true\n', 'PASS'],
    ['metadata_ignore_unknown_operation_type=TRUE', 'PASS'],
    [null, 'FAIL'],
  ])('wants older frontends to pass over what they do not know: %j', (confText, wanted) => {
    expect(check('downgrade-log-ids', back(confText))).toMatchObject({ status: wanted, severity: 'WARN' });
  });

  it('does not ask for that within one line, or on the way up', () => {
    expect(check('downgrade-log-ids', facts()).status).toBe('SKIPPED');
  });
});

describe('configuration files', () => {
  it('are told by key and line, once for all nodes that agree, and need no acceptance', () => {
    const confText = 'be_port = 9060\n';
    const given = facts({
      nodes: [
        ...followers,
        be(1, { onHost: { value: onHost({ confText }) } }),
        be(2, { onHost: { value: onHost({ confText }) } }),
      ],
    });
    expect(line(check('conf-keys', given))).toMatch(/^FAIL INFO be\.conf: JAVA_OPTS: .*add-opens.* \(2 nodes\)$/);
    expect(upgradeRefusals(upgradeChecks(given, limits), { acceptWarnings: [] })).toEqual([]);
  });

  it('are named with the line of the key, and never with its value', () => {
    const confText = '# heap\nJAVA_OPTS_FOR_JDK_11 = "-Xmx1g -XX:+UseConcMarkSweepGC -Dkey=hunter2"\n';
    const given = facts({
      nodes: [fe(1, { role: 'LEADER', onHost: { value: onHost({ confText }) } }), fe(2), fe(3), be(1), be(2)],
    });
    expect(line(check('conf-keys', given))).toMatch(
      /fe\.conf: JAVA_OPTS_FOR_JDK_11: .*\(fe 10\.0\.0\.1:9010, line 2\)/,
    );
    expect(JSON.stringify(upgradeChecks(given, limits))).not.toContain('hunter2');
  });
});

describe('refusals', () => {
  const checks = (more: Partial<UpgradeFacts>) => upgradeChecks(facts(more), limits);

  it('refuse for each failed check that blocks, with a code that tells what kind it is', () => {
    const bad = checks({
      to: '4.0.0',
      replicas: totals({ errorStateTablets: 1 }),
      nodes: [fe(1, { role: 'LEADER' }), fe(2), be(1), be(2)],
      release: null,
      archive: null,
    });
    expect(
      upgradeRefusals(bad, { acceptWarnings: [] }).map(({ code, message }) => `${code} ${message.split(':')[0]}`),
    ).toEqual([
      'UNSUPPORTED_VERSION_PATH path-allowed',
      'PREFLIGHT_FAILED release-registered',
      'QUORUM_AT_RISK frontends-quorum',
      'REPLICATION_AT_RISK tablets-healthy',
    ]);
  });

  it('refuse for a warning until somebody names it', () => {
    const warned = checks({ newestBackupAt: null, runningQueries: { value: 99 } });
    expect(upgradeRefusals(warned, { acceptWarnings: [] }).map(({ hint }) => /put (\S+) into/.exec(hint)?.[1])).toEqual(
      ['running-queries', 'backup-fresh'],
    );
    expect(upgradeRefusals(warned, { acceptWarnings: ['backup-fresh'] })).toHaveLength(1);
    expect(upgradeRefusals(warned, { acceptWarnings: ['running-queries', 'backup-fresh'] })).toEqual([]);
  });

  it('cannot be talked out of a check that blocks', () => {
    expect(upgradeRefusals(checks({ release: null }), { acceptWarnings: ['release-registered'] })).not.toEqual([]);
  });

  it('refuse a word that names no check', () => {
    expect(upgradeRefusals(checks({}), { acceptWarnings: ['everything'] })).toMatchObject([
      { code: 'INVALID_INPUT', path: ['input', 'acceptWarnings'], hint: expect.stringContaining('backup-fresh') },
    ]);
  });
});
