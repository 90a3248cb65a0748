import { parseArgs } from 'node:util';
import { releases } from '../releases/versions.ts';
import { commandsHelp, UsageError } from './commands.ts';
import type { WorldOptions } from './start-world.ts';

/** What a command line of the sandbox asks for. */
export type Asked =
  | { readonly kind: 'help' }
  | { readonly kind: 'command'; readonly words: readonly string[]; readonly dir: string | null }
  | {
      readonly kind: 'start';
      readonly options: WorldOptions;
      readonly json: boolean;
      readonly keep: boolean;
      readonly register: boolean;
    };

const options = {
  frontends: { type: 'string', default: '3' },
  backends: { type: 'string', default: '3' },
  'compute-nodes': { type: 'string', default: '0' },
  observers: { type: 'string', default: '0' },
  'spare-hosts': { type: 'string', default: '0' },
  'one-host': { type: 'boolean', default: false },
  locations: { type: 'string', default: '' },
  version: { type: 'string', default: '3.3.15' },
  speed: { type: 'string', default: '1' },
  dir: { type: 'string' },
  'disk-mb': { type: 'string' },
  starwarden: { type: 'boolean', default: true },
  slack: { type: 'boolean', default: true },
  json: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  register: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Reads a command line; pure. A first word that is no option (but `--dir <directory>`) makes it a command. */
export function readArguments(argv: readonly string[]): Asked {
  const [dir, words] = argv[0] === '--dir' ? [argv[1] ?? null, argv.slice(2)] : [null, argv];
  if (words[0] !== undefined && !words[0].startsWith('-')) return { kind: 'command', words, dir };
  const { values } = parse(argv);
  if (values.help) return { kind: 'help' };
  return {
    kind: 'start',
    json: values.json,
    keep: values.keep,
    register: isToRegister(values),
    options: {
      frontends: wholeNumber('frontends', values.frontends),
      backends: wholeNumber('backends', values.backends),
      computeNodes: wholeNumber('compute-nodes', values['compute-nodes']),
      observers: wholeNumber('observers', values.observers),
      spareHosts: wholeNumber('spare-hosts', values['spare-hosts']),
      oneHost: values['one-host'],
      locations: values.locations.split(',').filter((one) => one !== ''),
      version: knownVersion(values.version),
      speed: positiveNumber('speed', values.speed),
      starwarden: values.starwarden,
      slack: values.slack,
      ...(values.dir === undefined ? {} : { dir: values.dir }),
      ...(values['disk-mb'] === undefined
        ? {}
        : { diskBytes: positiveNumber('disk-mb', values['disk-mb']) * 1_048_576 }),
    },
  };
}

export const help = `npm run sandbox -- [options]            start a world; it stays up until SIGINT or SIGTERM
  --frontends 3 --backends 3 --compute-nodes 0 --observers 0
  --spare-hosts 3                       hosts without a node; --frontends 0 --backends 0 makes no cluster at all
  --one-host                            all nodes on one host, with ports and directories of their own
  --locations rack:r1,rack:r2           where the backends stand, in turn
  --version 3.3.15                      one of ${releases.map((release) => release.version).join(', ')}
  --speed 1                             how many times faster than real StarRocks time passes
  --no-starwarden --no-slack            leave a part out
  --disk-mb 256                         give every host a disk of this size, for fill-disk (needs the right to mount)
  --dir <directory>                     where the world lives: empty or missing; kept at the end
  --keep                                keep the directory also without --dir
  --register                            put the cluster and its hosts under the management of this Starwarden
  --json                                print one line of JSON when everything answers

npm run sandbox -- [--dir <directory>] <command>
                                        ask something of the sandbox that was started last, or of the one in that
                                        directory
${commandsHelp()}
`;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowNegative: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isToRegister({ register, starwarden }: { register: boolean; starwarden: boolean }): boolean {
  if (register && !starwarden) throw new UsageError('--register needs Starwarden: leave --no-starwarden out');
  return register;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new UsageError(`--${name} ${text} is not a whole number`);
  return Number(text);
}

function positiveNumber(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new UsageError(`--${name} ${text} is not a number above 0`);
  return value;
}

function knownVersion(version: string): string {
  if (releases.some((release) => release.version === version)) return version;
  throw new UsageError(`--version ${version}: there are ${releases.map((release) => release.version).join(', ')}`);
}
