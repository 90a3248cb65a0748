import type { Limit, ListeningPort, MachineSurvey, SurveyedPath } from '../../domain/deploy/host-survey.ts';
import type { Known } from '../../domain/known.ts';
import { parseDiskFree } from './answers.ts';
import { parseTools } from './host-answers.ts';
import type { ShellResult } from './port.ts';
import { kernelSettings, scriptTools } from './survey-commands.ts';

type MachineFacts = Pick<
  MachineSurvey,
  | 'user'
  | 'addresses'
  | 'bootId'
  | 'architecture'
  | 'cpuCores'
  | 'hasAvx2'
  | 'memoryBytes'
  | 'swapBytes'
  | 'hugePages'
  | 'kernel'
  | 'openFiles'
  | 'userProcesses'
> & {
  /** The machine says that it is a virtual one. */
  readonly isVirtual: boolean;
};

/** The answer to `machineFacts`. */
export function parseMachine(stdout: string): MachineFacts {
  const told = fields(stdout);
  const flags = told.get('flags')?.split(/\s+/);
  const architecture = told.get('arch') ?? '';
  const boot = told.get('boot') ?? '';
  return {
    user: told.get('user') || told.get('uid') || '',
    addresses: addressesOf(stdout),
    bootId: boot === '' ? { unknown: 'its kernel names no boot id' } : { value: boot },
    architecture: architecture === '' ? { unknown: 'the host does not name it' } : { value: architecture },
    cpuCores: numberOf(told.get('cores')),
    hasAvx2: flags === undefined ? { unknown: '/proc/cpuinfo lists no flags' } : { value: flags.includes('avx2') },
    memoryBytes: kilobytes(told.get('MemTotal:')),
    swapBytes: kilobytes(told.get('SwapTotal:')),
    hugePages: chosenOf(told.get('hugepages')),
    kernel: new Map(
      kernelSettings.map((name) => [name, numberOf(told.get(`sys/${name.replaceAll('.', '/')}`))] as const),
    ),
    openFiles: limitOf(told.get('openFiles')),
    userProcesses: limitOf(told.get('userProcesses')),
    isVirtual: flags?.includes('hypervisor') ?? true,
  };
}

/** The answer to `surveyTools`. */
export function parseMissingTools(stdout: string): string[] {
  const found = new Set(stdout.split('\n'));
  const missing = scriptTools.filter((tool) => !found.has(tool));
  const isOtherPs = found.has('ps') && !found.has('ps-q');
  return [...parseTools(stdout).missing, ...missing, ...(isOtherPs ? ['ps of procps'] : [])];
}

/** The answer to `listeningPorts`: lines of /proc/net/tcp, addresses in hexadecimal words of the machine's byte order. */
export function parseListening(answer: Pick<ShellResult, 'stdout' | 'stderr'>): Known<ListeningPort[]> {
  if (!/^file=tcp$/m.test(answer.stdout)) return { unknown: answer.stderr.trim() || '/proc/net/tcp cannot be read' };
  const ports = parseSockets(answer.stdout);
  return { value: [...new Map(ports.map((found) => [`${found.address} ${found.port}`, found])).values()] };
}

function parseSockets(stdout: string): readonly ListeningPort[] {
  return stdout.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [, host, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(words[1] ?? '') ?? [];
    if (host === undefined || port === undefined || words[3] !== '0A') return [];
    return [{ address: addressOf(host), port: Number.parseInt(port, 16) }];
  });
}

function addressesOf(stdout: string): Known<readonly string[]> {
  const lines = stdout.split('\n');
  if (!lines.includes('addresses=told')) return { unknown: '/proc/net/fib_trie cannot be read' };
  const told = lines.filter((line) => line.startsWith('address=')).map((line) => line.slice('address='.length));
  const plain = told.map((text) => (/^[0-9a-f]{32}$/i.test(text) ? shortenedBytes(text.match(/../g) ?? []) : text));
  return { value: [...new Set(plain)].filter((address) => !address.startsWith('127.') && address !== '::1') };
}

/** The answer to `lookAtPath`. */
export function parsePath(stdout: string, { isVirtual }: { readonly isVirtual: boolean }): Known<SurveyedPath> {
  const told = fields(stdout);
  const nearest = told.get('nearest');
  const exists = told.get('exists') === 'yes';
  if (nearest === undefined) return { unknown: 'the host does not answer about it' };
  if (!exists && told.get('entered') !== 'yes') {
    return { unknown: `${nearest} may not be entered, or is no directory` };
  }
  const isDirectory = exists ? told.get('directory') === 'yes' : null;
  const empty = told.get('empty');
  if (isDirectory === true && empty === undefined) return { unknown: 'it may not be listed' };
  const disk = parseDiskFree(stdout);
  const noSpace = { unknown: lastLine(stdout) || 'df does not answer' };
  return {
    value: {
      exists,
      isDirectory,
      isEmpty: isDirectory === true ? empty === 'yes' : null,
      isWritable: told.get('writable') === 'yes',
      mount: disk?.mountPoint ?? nearest,
      freeBytes: disk === null ? noSpace : { value: disk.freeBytes },
      totalBytes: disk === null ? noSpace : { value: disk.totalBytes },
      medium: mediumOf(told.get('rotational'), isVirtual),
    },
  };
}

/** A virtual disk says that it turns whatever lies under it, unless somebody told it otherwise. */
function mediumOf(rotational: string | undefined, isVirtual: boolean): SurveyedPath['medium'] {
  if (rotational === '0') return { value: 'SSD' };
  if (rotational !== '1') return { unknown: 'the kernel does not say whether the disk turns' };
  return isVirtual ? { unknown: 'a virtual disk does not know what it lies on' } : { value: 'HDD' };
}

/** IPv4 is one little-endian word, IPv6 four of them; every machine that StarRocks runs on is little-endian. */
/** An address as /proc/net/tcp has it. */
export function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).toReversed());
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.');
  const isMapped = bytes.slice(0, 12).join('') === `${'00'.repeat(10)}${'FFFF'}`;
  if (isMapped)
    return bytes
      .slice(12)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.');
  return shortenedBytes(bytes);
}

function shortenedBytes(bytes: readonly string[]): string {
  return shortened(
    Array.from({ length: 8 }, (_each, at) =>
      `${bytes[at * 2] ?? ''}${bytes[at * 2 + 1] ?? ''}`.toLowerCase().replace(/^0{1,3}/, ''),
    ),
  );
}

/** The longest row of zeros becomes `::`, as people write it. */
function shortened(groups: readonly string[]): string {
  const text = groups.join(':');
  const rows = [...text.matchAll(/(?<![^:])0(?::0)+(?![^:])/g)];
  const [longest] = rows.toSorted((a, b) => b[0].length - a[0].length);
  if (longest === undefined) return text;
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

function fields(stdout: string): ReadonlyMap<string, string> {
  const lines = stdout.split('\n').filter((line) => /^[\w/.:]+=/.test(line));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).trim()]));
}

function numberOf(text: string | undefined): Known<number> {
  return text !== undefined && /^\d+$/.test(text) ? { value: Number(text) } : { unknown: 'the host does not say' };
}

function kilobytes(text: string | undefined): Known<number> {
  const found = numberOf(text);
  return 'value' in found ? { value: found.value * 1_024 } : found;
}

/** `always [madvise] never`: the one in brackets holds. */
function chosenOf(text: string | undefined): Known<string> {
  const chosen = /\[(\w+)\]/.exec(text ?? '')?.[1];
  return chosen === undefined ? { unknown: 'the kernel does not say' } : { value: chosen };
}

function limitOf(text: string | undefined): Known<Limit> {
  const [soft, hard] = (text ?? '').split(' ').map((word) => (word === 'unlimited' ? Infinity : Number(word)));
  if (soft === undefined || hard === undefined || Number.isNaN(soft) || Number.isNaN(hard) || text === '') {
    return { unknown: '/proc/self/limits cannot be read' };
  }
  return { value: { soft, hard } };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
