import type { z } from 'zod';
import { alertFingerprint, type Severity } from '../domain/alert.ts';
import type { Condition, RuleFacts } from '../domain/alert-life.ts';
import type { PartName, Parts } from './read-parts.ts';

/** The rule cannot say whether its condition holds, and why: its alerts neither fire nor resolve, and go stale. */
export type Unjudged = { readonly unjudged: string };

export type Words = {
  /** In a few words: the title while the condition holds, and once it is over. */
  readonly title: { readonly now: string; readonly past: string };
  /** What is wrong; "since" and the time follow. */
  readonly what: string;
  /** The reason, as the cluster or a call to it gave it; null = there was none. */
  readonly why: string | null;
  /** What else was seen, in whole sentences; may be empty. */
  readonly more: string;
  /** What it means for users, in whole sentences. */
  readonly effect: string;
};

type Definition<Name extends PartName, Settings extends z.ZodType, Found> = RuleFacts & {
  readonly reads: readonly Name[];
  /** Of these, what makes the rule only quieter: when it could not be read, the rule judges as if there were nothing of it. */
  readonly judgesWithout?: readonly Name[];
  /** Each setting has a default; what the configuration says about this rule counts before it. */
  readonly settings: Settings;
  /** Pure. What is wrong now, one for each alert that there should be, or why that cannot be said. */
  readonly judge: (parts: Pick<Parts, Name>) => readonly Found[] | Unjudged;
  /** Decides which findings are the same alert; must never depend on free text, numbers or times. */
  readonly identity: (found: Found) => Readonly<Record<string, string>>;
  /** The node that it is about; null = the whole cluster. */
  readonly nodeId: (found: Found) => string | null;
  readonly severity: (found: Found) => Severity;
  readonly words: (found: Found) => Words;
  /** How long and how often in a row it must hold before it is an alert, and when it began if the probe knows. */
  readonly ripens: (
    found: Found,
    settings: z.output<Settings>,
  ) => Pick<Condition, 'forMs' | 'minSamples' | 'startedAt'>;
};

export type Rule = RuleFacts & {
  readonly reads: readonly PartName[];
  /** Takes what the configuration says about the rule, `undefined` for nothing. Throws zod's error when that is not valid. */
  configure(settings: unknown): ConfiguredRule;
};

export type ConfiguredRule = RuleFacts & {
  /** Judges one probe of one cluster. */
  judge(clusterId: string, parts: Parts): readonly Condition[] | Unjudged;
};

/** An alert rule: one file with what it reads of a probe, how it judges, and every text of its alerts. */
export function defineRule<Name extends PartName, Settings extends z.ZodType, Found>(
  definition: Definition<Name, Settings, Found>,
): Rule {
  const { name, over, inhibits, isInhibitedByRuns, settlesMs, isNeverHidden, neverFlaps, standsAlone, reads } =
    definition;
  const facts: RuleFacts = {
    ...{ name, over, inhibits, isInhibitedByRuns },
    ...(settlesMs === undefined ? {} : { settlesMs }),
    ...(isNeverHidden === undefined ? {} : { isNeverHidden }),
    ...(neverFlaps === undefined ? {} : { neverFlaps }),
    ...(standsAlone === undefined ? {} : { standsAlone }),
  };
  return {
    ...facts,
    reads,
    configure: (given) => {
      const settings = definition.settings.parse(given ?? {});
      const needed = reads.filter((part) => !definition.judgesWithout?.includes(part));
      return {
        ...facts,
        judge: (clusterId, parts) => {
          const unread = needed.find((part) => parts.unread?.some((each) => each === part));
          if (unread !== undefined) return { unjudged: `what is stored about its ${unread} cannot be read` };
          const judged = definition.judge(parts);
          if ('unjudged' in judged) return judged;
          return judged.map((found) => conditionOf(definition, { clusterId, found, settings }));
        },
      };
    },
  };
}

function conditionOf<Name extends PartName, Settings extends z.ZodType, Found>(
  rule: Definition<Name, Settings, Found>,
  { clusterId, found, settings }: { clusterId: string; found: Found; settings: z.output<Settings> },
): Condition {
  const labels = rule.identity(found);
  const { title, ...words } = rule.words(found);
  return {
    fingerprint: alertFingerprint({ clusterId, rule: rule.name, labels }),
    rule: rule.name,
    severity: rule.severity(found),
    nodeId: rule.nodeId(found),
    labels,
    title: title.now,
    pastTitle: title.past,
    text: piecesOf(words),
    ...rule.ripens(found, settings),
  };
}

function piecesOf({ what, why, more, effect }: Omit<Words, 'title'>): string[] {
  const reason = why === null ? '.' : `: ${cut(why).replace(/[.\s]+$/, '')}.`;
  return [`${what} since `, [reason, more, effect].filter((part) => part !== '').join(' ')];
}

const longestReason = 500;

/** The text of somebody else, cut to the length that may be repeated. */
export function cut(text: string): string {
  return text.length > longestReason ? `${text.slice(0, longestReason)}…` : text;
}
