import type { Flaw } from '../starrocks/flaw.ts';
import { previousOf, releaseOf } from './versions.ts';
import type { PartContent, ReleasePart } from './write-tree.ts';

/**
 * Archives that are sound as files and wrong in what they hold, each a way in which an upgrade goes wrong on a node:
 * - `mislabelled`: named and laid out as one release, with the programs of another inside; the node comes up with that one
 * - `never-starts`: the start script ends with 0 as always, and the process writes an error and ends
 * - `never-alive`: the process runs, and no heartbeat is answered
 * - `port-taken`: the start script ends with 0, and the process says that its port is in use, and ends
 * - `newer-jdk`: the start script of a frontend wants a JDK that no host has, says so and ends with 255
 * - `flaky-queries`: the backend comes up on the version, and a share of its fragments fails while the others are slow
 */
const releaseVariants = [
  'mislabelled',
  'never-starts',
  'never-alive',
  'port-taken',
  'newer-jdk',
  'flaky-queries',
] as const;
export type ReleaseVariant = (typeof releaseVariants)[number];

export type Variation = {
  /** Default: a sound archive. */
  readonly variant?: ReleaseVariant;
  /** The parts that are wrong; the other one is sound. Default both; `flaky-queries` only ever concerns the backend. */
  readonly wrongParts?: readonly ReleasePart[];
  /** What is inside a mislabelled archive. Default: the release before the one on the label. */
  readonly insideVersion?: string;
  /** For `flaky-queries`. Default: three of ten fragments fail, the others take half a second of StarRocks time longer. */
  readonly flaky?: { readonly failShare?: number; readonly slowMs?: number };
};

/** What goes into the parts of an archive; pure. */
export function partsOf(version: string, variation: Variation): Record<ReleasePart, PartContent> {
  const sound: PartContent = { release: releaseOf(version), flaw: null };
  const { variant, wrongParts = variant === 'flaky-queries' ? ['be'] : ['fe', 'be'] } = variation;
  if (variant === undefined) return { fe: sound, be: sound };
  const wrong = wrongContent(version, { ...variation, variant });
  const content = (part: ReleasePart) => (wrongParts.includes(part) ? wrong : sound);
  return { fe: content('fe'), be: content('be') };
}

function wrongContent(version: string, variation: Variation & { readonly variant: ReleaseVariant }): PartContent {
  const { variant, insideVersion = previousOf(version).version } = variation;
  if (variant === 'mislabelled') return { release: releaseOf(insideVersion), flaw: null };
  if (variant === 'newer-jdk') return { release: releaseOf(version), flaw: null, jdkMinimum: noHostsJdk };
  return { release: releaseOf(version), flaw: flawOf(variant, variation) };
}

const noHostsJdk = 99;

function flawOf(kind: Exclude<ReleaseVariant, 'mislabelled' | 'newer-jdk'>, { flaky = {} }: Variation): Flaw {
  const { failShare = 0.3, slowMs = 500 } = flaky;
  return kind === 'flaky-queries' ? { kind, failShare, slowMs } : { kind };
}
