import type { Known } from '../../domain/known.ts';
import type { SeenProcess } from './survey-processes.ts';

/** A service that systemd has loaded. */
export type Service = {
  readonly unit: string;
  readonly activeState: string;
  readonly mainPid: number;
  /** As systemd prints it, with all its paths. */
  readonly execStart: string;
};

/** The answer to `listServices`; null when systemd did not answer, e.g. because the host has none. */
export function parseServices(stdout: string): readonly Service[] | null {
  const services = stdout.split(/\n\s*\n/).flatMap((block): Service[] => {
    const lines = block.split('\n');
    const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
    const unit = value('Id');
    if (unit === undefined || value('LoadState') !== 'loaded') return [];
    const execStart = lines.filter((line) => line.startsWith('ExecStart=')).join('\n');
    return [{ unit, activeState: value('ActiveState') ?? '', mainPid: Number(value('MainPID') ?? 0), execStart }];
  });
  return services.length === 0 ? null : services;
}

/** Services in whose control group whatever somebody starts by hand or by a timer ends up. */
const general =
  /^(sshd?(@.*)?|dropbear.*|crond?|atd|anacron|systemd-.*|getty@.*|docker|containerd|kubelet|supervisor(d)?)\.service$/;

/**
 * The unit that runs a node: the one whose main process it is, or the one that starts its directory and in whose control
 * group it is. Unknown where a unit names the directory and something else has started the node: whoever stops it then
 * does not know what starts it again.
 */
export function unitOf(
  { pid, parents, service }: Pick<SeenProcess, 'pid' | 'parents' | 'service'>,
  { services, deployDir }: { readonly services: readonly Service[] | null; readonly deployDir: string | null },
): Known<string | null> {
  if (services === null) {
    return service === null || general.test(service)
      ? { value: null }
      : { unknown: `it is in the control group of ${service}, and systemd does not answer` };
  }
  const main = services.filter(({ mainPid }) => mainPid === pid);
  const [only] = main;
  if (only !== undefined && main.length === 1) return { value: only.unit };
  const names = ({ execStart }: Service) => deployDir !== null && execStart.includes(`${deployDir}/bin/`);
  const around = services.find(({ unit }) => unit === service);
  if (around !== undefined && !general.test(around.unit) && (names(around) || parents.includes(around.mainPid))) {
    return { value: around.unit };
  }
  const naming = services.filter(names);
  if (naming.length > 0) {
    const [first] = naming;
    return {
      unknown: `${naming.map(({ unit }) => unit).join(', ')} starts ${deployDir}, but is ${first?.activeState || 'in no state'} and does not run this process`,
    };
  }
  return service === null || general.test(service)
    ? { value: null }
    : { unknown: `it is in the control group of ${service}, which does not start ${deployDir ?? 'its directory'}` };
}
