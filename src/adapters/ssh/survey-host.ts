import type {
  HostSurvey,
  JavaOnMachine,
  MachineSurvey,
  SurveyedPath,
  SurveyQuestion,
} from '../../domain/deploy/host-survey.ts';
import type { Known } from '../../domain/known.ts';
import { AppError } from '../../errors.ts';
import { batchedReads } from './batch.ts';
import { checkSudo } from './commands.ts';
import { parseJava } from './host-answers.ts';
import { javaVersionFor } from './host-commands.ts';
import type { ReadCommand, ShellReader, ShellResult } from './port.ts';
import { readClock } from './read-clock.ts';
import { parseListening, parseMachine, parseMissingTools, parsePath } from './survey-answers.ts';
import { listeningPorts, lookAtPath, machineFacts, nodeProcesses, surveyTools } from './survey-commands.ts';
import { describeNodes, type Run, readSettings, unknownSettings } from './survey-nodes.ts';
import { parseProcesses } from './survey-processes.ts';

type Asked = { readonly hostId: string; readonly address: string };
type Asking = { readonly signal: AbortSignal; readonly timeoutMs?: number };

const sessionTimeoutMs = 20_000;

/** Several hosts at the same time; one that is slow or does not answer delays none of the others. */
export async function surveyHosts(
  hosts: readonly Asked[],
  question: (host: Asked) => SurveyQuestion,
  { shell, ...asking }: Asking & { readonly shell: (hostId: string) => Promise<ShellReader> },
): Promise<Known<HostSurvey>[]> {
  return Promise.all(
    hosts.map((host) =>
      orUnknown(asking.signal, async () =>
        surveyHost(await shell(host.hostId), question(host), { ...host, ...asking }),
      ),
    ),
  );
}

export async function surveyHost(
  session: ShellReader,
  question: SurveyQuestion,
  { hostId, address, ...asking }: Asked & Asking,
): Promise<HostSurvey> {
  return { hostId, address, ...(await surveyMachine(session, question, asking)) };
}

/** Addresses of its own that the kernel of a machine knows. Throws what the port throws. */
export async function readAddresses(
  session: ShellReader,
  { signal, timeoutMs = sessionTimeoutMs }: Asking,
): Promise<MachineSurvey['addresses']> {
  const { stdout } = await session.run(machineFacts(), { signal, timeoutMs });
  return parseMachine(stdout).addresses;
}

/**
 * Looks at a machine in two sessions at a time over one connection: what /proc says, and what file systems say, which may
 * hang. Needs no root and changes nothing. Throws what the port throws when the machine does not answer at all.
 */
export async function surveyMachine(
  session: ShellReader,
  { paths, javaHomes, places = [] }: SurveyQuestion,
  { signal, timeoutMs = sessionTimeoutMs }: Asking,
): Promise<MachineSurvey> {
  const runIn =
    (shell: ShellReader): Run =>
    (command) =>
      shell.run(command, { signal, timeoutMs });
  const [run, runOnFiles] = [runIn(batchedReads(session)), runIn(batchedReads(session))];
  const ask = <T>(read: () => Promise<T>) => orUnknown(signal, read);
  const [facts, tools, sudo, listening, seen] = await Promise.all([
    run(machineFacts()),
    run(surveyTools()),
    run(checkSudo()),
    run(listeningPorts()),
    run(nodeProcesses()),
  ]);
  const { isVirtual, ...machine } = parseMachine(facts.stdout);
  const asking = { run: runOnFiles, signal };
  const [clock, nodes, java, found, settings] = await Promise.all([
    ask(() => readClock(run)),
    ask(() =>
      describeNodes(parseProcesses(seen.stdout), {
        run: runIn(batchedReads(session)),
        signal,
      }),
    ),
    ask(() => readJava(runOnFiles, javaHomes)),
    Promise.all(paths.map((path) => lookAt(path, { run: runOnFiles, isVirtual, signal }))),
    Promise.all(
      places.map(async (place) => {
        const told = await ask(() => readSettings({ ...place, pid: null }, asking));
        return { ...place, ...('value' in told ? told.value : unknownSettings(place.kind, told.unknown)) };
      }),
    ),
  ]);
  return {
    ...machine,
    sudo: machine.user === 'root' || sudo.exitCode === 0,
    missingTools: parseMissingTools(tools.stdout),
    clock: toldClock(clock),
    java,
    listening: parseListening(listening),
    ...('value' in nodes ? nodes.value : { nodes, visibleNodes: [] }),
    places: settings,
    paths: new Map(paths.map((path, index) => [path, found[index] ?? { unknown: 'nobody looked' }])),
  };
}

function toldClock(clock: Known<Awaited<ReturnType<typeof readClock>>>): MachineSurvey['clock'] {
  if ('unknown' in clock) return clock;
  return clock.value === null ? { unknown: 'its `date` tells no milliseconds' } : { value: clock.value };
}

async function lookAt(
  path: string,
  { run, isVirtual, signal }: { run: Run; isVirtual: boolean; signal: AbortSignal },
): Promise<Known<SurveyedPath>> {
  const told = await orUnknown(signal, () => run(lookAtPath({ path })));
  return 'value' in told ? parsePath(told.value.stdout, { isVirtual }) : told;
}

/** What a start script finds by itself, then what lies in the directories that were named. */
async function readJava(run: Run, homes: readonly string[]): Promise<readonly JavaOnMachine[]> {
  const commands: ReadCommand[] = [javaVersionFor({ home: null }), ...homes.map((home) => javaVersionFor({ home }))];
  const answers: ShellResult[] = await Promise.all(commands.map(run));
  const found = answers.flatMap(({ stdout }) => {
    const java = parseJava(stdout);
    return java?.version == null ? [] : [{ home: java.home, version: java.version, hasCompiler: java.hasCompiler }];
  });
  return found.filter((java, index) => found.findIndex(({ home }) => home === java.home) === index);
}

/** The answer, or why there is none. Cancelling is the caller's own wish, and what is no AppError is a mistake of ours. */
async function orUnknown<T>(signal: AbortSignal, read: () => Promise<T>): Promise<Known<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    if (!(error instanceof AppError) || (error.code === 'CANCELED' && signal.aborted)) throw error;
    return { unknown: error.message };
  }
}
