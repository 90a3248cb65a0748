import { bytesInWords } from '../backup/sizes.ts';
import type { Known } from '../known.ts';
import { type NamedCheck, skipped, verdict } from '../verdict.ts';
import type { HostSurvey, Limit } from './host-survey.ts';

/** A backend ends at its start with fewer (`min_file_descriptor_number`). */
const leastOpenFiles = 60_000;
/** What start_backend.sh raises a smaller limit to, where it may. */
const raisedOpenFiles = 65_535;
const goodOpenFiles = 655_350;
const goodProcesses = 65_535;

/** Limits of the login user, which hold for nodes that StarRocks' own scripts start. */
export function limitChecks({ user, openFiles, userProcesses }: HostSurvey, hasWorker: boolean): NamedCheck[] {
  const limitsFile = '/etc/security/limits.d/starrocks.conf';
  return [
    openFilesCheck(openFiles, {
      hasWorker,
      hint: `echo '${user} - nofile ${goodOpenFiles}' | sudo tee -a ${limitsFile}, then log in anew; LimitNOFILE=${goodOpenFiles} in a unit`,
    }),
    fromKnown('user-processes', userProcesses, {
      isGood: ({ soft }) => soft >= goodProcesses,
      words: ({ soft }) => wordOf(soft),
      wanted: `at least ${goodProcesses}`,
      hint: `echo '${user} - nproc ${goodProcesses}' | sudo tee -a ${limitsFile}, then log in anew; LimitNPROC=${goodProcesses} in a unit`,
    }),
  ];
}

function openFilesCheck(limit: Known<Limit>, { hasWorker, hint }: { hasWorker: boolean; hint: string }): NamedCheck {
  const wanted = `at least ${goodOpenFiles}${hasWorker ? `; a backend does not start below ${leastOpenFiles}` : ''}`;
  if ('unknown' in limit) return skipped('open-files', { why: limit.unknown, wanted });
  const { soft, hard } = limit.value;
  const atStart = soft < leastOpenFiles && hard >= raisedOpenFiles ? raisedOpenFiles : soft;
  const isTooFew = hasWorker && atStart < leastOpenFiles;
  return verdict('open-files', isTooFew ? 'BLOCK' : 'WARN', soft >= goodOpenFiles, {
    observed: `${wordOf(soft)}, may be raised to ${wordOf(hard)}`,
    wanted,
    hint,
  });
}

function wordOf(limit: number): string {
  return limit === Number.POSITIVE_INFINITY ? 'unlimited' : String(limit);
}

/** What StarRocks asks of the kernel (reference §1, checklist of the operating system). */
export function kernelChecks(survey: HostSurvey): NamedCheck[] {
  const setting = (name: string, isGood: (value: number) => boolean, value: number, wanted: string): NamedCheck =>
    fromKnown(name, survey.kernel.get(name) ?? { unknown: 'nobody looked' }, {
      isGood,
      words: String,
      wanted,
      hint: `sudo sysctl -w ${name}=${value}, and echo '${name} = ${value}' | sudo tee -a /etc/sysctl.d/99-starrocks.conf`,
    });
  return [
    fromKnown('transparent-huge-pages', survey.hugePages, {
      isGood: (word) => word !== 'always',
      words: String,
      wanted: 'madvise',
      hint: 'echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled',
    }),
    fromKnown('swap', survey.swapBytes, {
      isGood: (bytes) => bytes === 0,
      words: bytesInWords,
      wanted: 'none',
      hint: 'sudo swapoff -a, and take its line out of /etc/fstab',
    }),
    setting('vm.swappiness', (value) => value === 0, 0, '0'),
    setting('vm.overcommit_memory', (value) => value === 1, 1, '1'),
    setting('vm.max_map_count', (value) => value >= 262_144, 262_144, 'at least 262144'),
    setting('net.core.somaxconn', (value) => value >= 1_024, 1_024, 'at least 1024'),
    setting('net.ipv4.tcp_abort_on_overflow', (value) => value === 1, 1, '1'),
  ];
}

/** The smallest machines that people run nodes on in earnest (8 cores, 32 GB); a machine to try things on may be smaller. */
export function sizeChecks({ cpuCores, memoryBytes }: HostSurvey): NamedCheck[] {
  const hint = 'For more than a trial take a larger machine';
  return [
    fromKnown('cpu-cores', cpuCores, { isGood: (cores) => cores >= 8, words: String, wanted: 'at least 8', hint }),
    // Firmware and kernel keep some of it.
    fromKnown('memory', memoryBytes, {
      isGood: (bytes) => bytes >= 30 * 1_073_741_824,
      words: bytesInWords,
      wanted: '32 GB',
      hint,
    }),
  ];
}

function fromKnown<T>(
  name: string,
  known: Known<T>,
  {
    isGood,
    words,
    wanted,
    hint,
  }: {
    readonly isGood: (value: T) => boolean;
    readonly words: (value: T) => string;
    readonly wanted: string;
    readonly hint: string;
  },
): NamedCheck {
  if ('unknown' in known) return skipped(name, { why: known.unknown, wanted });
  return verdict(name, 'WARN', isGood(known.value), { observed: words(known.value), wanted, hint });
}
