import { z } from 'zod';
import { faultRule } from './faults.ts';
import type { World } from './start-world.ts';

/** One thing that can be asked of a running sandbox from outside. */
type Command = {
  /** What follows the command's name, e.g. `<node>`. */
  readonly usage: string;
  readonly summary: string;
  run(world: World, args: readonly string[]): Promise<string> | string;
};

/** The command cannot be understood: the sandbox is as it was. */
export class UsageError extends Error {}

const commands: Readonly<Record<string, Command>> = {
  info: {
    usage: '',
    summary: 'print the line of JSON once more',
    run: (world) => JSON.stringify(world.describe()),
  },
  status: {
    usage: '',
    summary: 'which nodes run, and which faults are on',
    run: (world) => statusText(world),
  },
  kill: {
    usage: '<node>',
    summary: 'SIGKILL the process of a node',
    run: async (world, args) => {
      const node = only(args);
      return `killed ${node}, process ${await world.kill(node)}`;
    },
  },
  start: {
    usage: '<node>',
    summary: 'run the start script of a node',
    run: async (world, args) => {
      const node = only(args);
      return `started ${node}, process ${await world.start(node)}`;
    },
  },
  'refuse-ssh': {
    usage: '<host>',
    summary: 'cut the SSH connections of a host and stop listening',
    run: (world, args) => onHost(world, args, 'refuse'),
  },
  'accept-ssh': {
    usage: '<host>',
    summary: 'listen again',
    run: (world, args) => onHost(world, args, 'accept'),
  },
  'cut-ssh': {
    usage: '<host>',
    summary: 'cut the SSH connections of a host, and go on listening',
    run: (world, args) => onHost(world, args, 'cut'),
  },
  'rotate-host-key': {
    usage: '<host>',
    summary: 'give a host another key, as after a reinstallation',
    run: (world, args) => onHost(world, args, 'rotateHostKey'),
  },
  'fill-disk': {
    usage: '<host>',
    summary: 'fill the disk of a host to the last byte',
    run: async (world, args) => `wrote ${await world.fillDisk(only(args))} bytes`,
  },
  'free-disk': {
    usage: '<host>',
    summary: 'undo fill-disk',
    run: async (world, args) => `${await world.freeDisk(only(args))} bytes are free`,
  },
  'skew-clock': {
    usage: '<host> <ms>',
    summary: 'let the clock of a host be ahead, or behind below 0; 0 sets it right',
    run: async (world, [name = '', ms = '']) => {
      const aheadMs = Number(ms);
      if (ms === '' || !Number.isFinite(aheadMs)) throw new UsageError(`'${ms}' is no number of ms`);
      await world.host(name).skewClock(aheadMs);
      return `the clock of ${name} is ${aheadMs} ms ahead`;
    },
  },
  'crowd-path': {
    usage: '<host> <path> <percent>',
    summary: 'let df say so of the disk of a path, e.g. of a log directory; - takes it away',
    run: async (world, [name = '', path = '', text = '']) => {
      const percent = text === '-' ? null : Number(text);
      const isPercent = percent === null || (text !== '' && percent >= 0 && percent <= 100);
      if (!path.startsWith('/') || !isPercent)
        throw new UsageError('a path and a number from 0 to 100, or -, are needed');
      await world.host(name).crowdPath(path, percent);
      return percent === null ? `df says what is, of ${path}` : `df says ${percent} % of ${path}`;
    },
  },
  fault: {
    usage: '<kind> [node] [key=value ...]',
    summary: 'e.g. sql-delay fe1 ms=500, sql-error match=^BACKUP message=no times=1, disk-full be1',
    run: (world, [kind, ...pairs]) => addFault(world, kind ?? '', pairs),
  },
  'fault-remove': {
    usage: '<id>',
    summary: 'take one fault off',
    run: async (world, args) => {
      await world.faults.remove(only(args));
      return 'removed';
    },
  },
  'fault-clear': {
    usage: '',
    summary: 'take all faults off',
    run: async (world) => {
      await world.faults.clear();
      return 'no faults are on';
    },
  },
};

/** Runs a command given as words and returns what to print. Throws `UsageError` when the words make no sense. */
export async function runCommand(world: World, [name = '', ...args]: readonly string[]): Promise<string> {
  // `fault kill be1` is accepted for `kill be1`: to a person every one of them is a fault.
  const inner = name === 'fault' ? args[0] : undefined;
  if (inner !== undefined && Object.hasOwn(commands, inner)) return runCommand(world, args);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${name}\n${commandsHelp()}`);
  return command.run(world, args);
}

/** One line a command. */
export function commandsHelp(): string {
  return Object.entries(commands)
    .map(([name, { usage, summary }]) => `  ${`${name} ${usage}`.padEnd(40)}${summary}`)
    .join('\n');
}

function statusText(world: World): string {
  const { hosts } = world.describe();
  const line = (name: string, address: string, text: string) => `${name.padEnd(5)} ${address.padEnd(15)} ${text}`;
  const nodes = hosts.flatMap(({ address, nodes }) =>
    nodes.map(({ name }) => line(name, address, runningText(world.pidOf(name)))),
  );
  const later = hosts.flatMap(({ name, address, nodes }) =>
    world
      .nodesOn(name)
      .filter(({ deployDir }) => !nodes.some((node) => node.deployDir === deployDir))
      .map(({ kind, deployDir, pid }) => line(kind, address, `${runningText(pid)}, in ${deployDir}`)),
  );
  const faults = world.faults.list().map((fault) => `fault ${JSON.stringify(fault)}`);
  return [...nodes, ...later, ...(faults.length > 0 ? faults : ['no faults are on'])].join('\n');
}

function runningText(pid: number | null): string {
  return pid === null ? 'not running' : `process ${pid}`;
}

async function onHost(
  world: World,
  args: readonly string[],
  action: 'refuse' | 'accept' | 'cut' | 'rotateHostKey',
): Promise<string> {
  const host = world.host(only(args));
  await host[action]();
  return action === 'rotateHostKey' ? `${host.name} has host key ${host.hostKeyFingerprint}` : `${host.name}: done`;
}

/** A bare word is the name of the node the rule is for; the rule itself names it as the cluster does. */
async function addFault(world: World, kind: string, words: readonly string[]): Promise<string> {
  const fields = words.map((word) => {
    const equals = word.indexOf('=');
    return equals < 0 ? placeOf(world, word) : [word.slice(0, equals), word.slice(equals + 1)];
  });
  const checked = faultRule.safeParse({ ...Object.fromEntries(fields), kind });
  if (!checked.success) throw new UsageError(z.prettifyError(checked.error));
  return world.faults.add(checked.data);
}

function placeOf(world: World, name: string): [string, string] {
  const { frontends, backends, computeNodes } = world.describe().cluster;
  const frontend = frontends.find((node) => node.name === name);
  if (frontend !== undefined) return ['frontend', frontend.host];
  const backend = [...backends, ...computeNodes].find((node) => node.name === name);
  if (backend !== undefined) return ['backend', `${backend.host}:${backend.heartbeatPort}`];
  throw new UsageError(`there is no node ${name}`);
}

function only(args: readonly string[]): string {
  const [first, ...rest] = args;
  if (first === undefined || rest.length > 0) throw new UsageError(`one name is needed, not ${args.length}`);
  return first;
}
