import type { NodeKind } from '../cluster.ts';
import type { FirstStart } from './installation.ts';

export type UnitOf = FirstStart & {
  readonly label: string;
  readonly kind: NodeKind;
  readonly deployDir: string;
  /** Where it keeps its metadata or its tablets. */
  readonly dataDirs: readonly string[];
  /** The user who logs in to the host: the files are theirs. */
  readonly user: string;
};

const shortNames = { FRONTEND: 'fe', BACKEND: 'be', COMPUTE_NODE: 'cn' } as const;

/**
 * The systemd unit of a node, around StarRocks' own scripts. The options of a frontend's first start stand in it for good:
 * once the frontend has metadata it ignores the helper, and keeps the way in which it was named.
 */
export function unitText({ label, kind, deployDir, dataDirs, user, helper, hostType }: UnitOf): string {
  const name = shortNames[kind];
  const options = [
    ...(helper === null ? [] : ['--helper', helper]),
    ...(kind === 'FRONTEND' && hostType === 'FQDN' ? ['--host_type', 'FQDN'] : []),
  ];
  return [
    '[Unit]',
    `Description=StarRocks ${label}`,
    'Wants=network-online.target',
    'After=network-online.target',
    // On a disk that is not mounted a first frontend would find no metadata, and begin an empty cluster at its own address.
    `RequiresMountsFor=${[deployDir, ...dataDirs].map(quoted).join(' ')}`,
    // A node that cannot start is not tried for ever.
    'StartLimitIntervalSec=300',
    'StartLimitBurst=5',
    '',
    '[Service]',
    'Type=forking',
    `User=${user}`,
    `PIDFile=${deployDir}/bin/${name}.pid`,
    `ExecStart=${[`${deployDir}/bin/start_${name}.sh`, '--daemon', ...options].join(' ')}`,
    `ExecStop=${deployDir}/bin/stop_${name}.sh${kind === 'FRONTEND' ? '' : ' -g'}`,
    // What StarRocks asks of the limits of its user.
    'LimitNOFILE=655350',
    'LimitNPROC=65535',
    'LimitCORE=infinity',
    'TimeoutStartSec=300',
    'TimeoutStopSec=300',
    'Restart=on-failure',
    'RestartSec=10',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

/** systemd replaces what follows a percent sign. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`;
}

/** The unit's file: a line on top says whose it is. */
export function unitFile(of: { readonly runId: string; readonly deployDir: string }, text: string): string {
  return `${unitMark(of)}\n${text}`;
}

export function unitMark({ runId, deployDir }: { readonly runId: string; readonly deployDir: string }): string {
  return `# Starwarden wrote this for the node in ${deployDir}, run ${runId}`;
}
