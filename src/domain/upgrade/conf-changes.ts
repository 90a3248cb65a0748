import type { NodeKind } from '../cluster.ts';
import type { ConfSetting } from '../java-properties.ts';
import { readConfFile } from '../node-conf.ts';
import { readStartLines } from '../start-environment.ts';
import { compareVersions, lineOf, parseVersion, type Version } from '../version.ts';
import { type ConfChange, confChanges, optionsJdk17Refuses } from './conf-change-rules.ts';

/** A key of a node's configuration file that changes its meaning, or is missing. */
export type AffectedKey = {
  readonly key: string;
  /** Counted from 1; null for a key that should be there and is not. */
  readonly line: number | null;
  /** What happens to it, in one sentence. Values are never repeated: they may be secret. */
  readonly what: string;
  readonly hint: string;
};

type Question = {
  readonly kind: NodeKind;
  /** As the node reports it. */
  readonly from: string;
  readonly to: string;
  /** The text of `fe.conf`, `be.conf` or `cn.conf`. */
  readonly confText: string;
};

/**
 * What changes for this node's configuration file with the other version: keys dropped, renamed, or to be added. In the
 * order of the file.
 */
export function affectedKeys({ kind, from, to, confText }: Question): readonly AffectedKey[] {
  const [source, target] = [parseVersion(from), parseVersion(to)];
  if (source === null || target === null || lineOf(source) === lineOf(target)) return [];
  const settings = readSettings(kind, confText);
  const changes = confChanges.filter(({ part }) => part === (kind === 'FRONTEND' ? 'FRONTEND' : 'BACKEND'));
  const found =
    compareVersions(source, target) < 0
      ? [...upgradeOf(settings, { changes, source, target }), ...javaOptionsOf(settings, { kind, source, target })]
      : downgradeOf(settings, { kind, changes, source, target });
  return found.toSorted((a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER));
}

/** What the program reads, and what its start script exports: keys in capitals are for the script alone. */
function readSettings(kind: NodeKind, text: string): ConfSetting[] {
  // A frontend ignores a key without a value.
  const settings = readConfFile(kind, text).settings.filter(({ value }) => kind !== 'FRONTEND' || value !== '');
  const isForScript = ({ key }: ConfSetting) => /^[A-Z][A-Z0-9_]*$/.test(key);
  // A last line without a newline gets one as soon as somebody adds another line.
  const all = [...settings.filter((setting) => !isForScript(setting)), ...readStartLines(`${text}\n`)];
  return all.toSorted((a, b) => a.line - b.line);
}

type Move = { readonly changes: readonly ConfChange[]; readonly source: Version; readonly target: Version };

function upgradeOf(settings: readonly ConfSetting[], { changes, source, target }: Move): AffectedKey[] {
  const passed = changes.filter(({ since }) => isReached(since, target) && !isReached(since, source));
  return settings.flatMap(({ key, line }) =>
    passed.filter((change) => change.key === key).map((change) => ({ key, line, ...explain(change) })),
  );
}

function explain(change: ConfChange): Pick<AffectedKey, 'what' | 'hint'> {
  switch (change.kind) {
    case 'DROPPED':
      return { what: `Nothing reads it from ${change.since} on`, hint: change.hint };
    case 'RENAMED':
      return change.oldNameWorks
        ? {
            what: `It is called ${change.newKey} from ${change.since} on; the old name is still understood`,
            hint: `Rename it once nobody goes back to a version before ${change.since}.`,
          }
        : {
            what: `It is called ${change.newKey} from ${change.since} on; the old name is not understood any more`,
            hint: `Add ${change.newKey} with this value before the upgrade; the old version passes over it.`,
          };
    default:
      return change satisfies never;
  }
}

/** For a downgrade: the names that only the newer version knows. */
function downgradeOf(settings: readonly ConfSetting[], { kind, ...move }: Move & { kind: NodeKind }): AffectedKey[] {
  const passed = move.changes.filter(({ since }) => isReached(since, move.source) && !isReached(since, move.target));
  const renamed = settings.flatMap(({ key, line }) =>
    passed.flatMap((change) => {
      // every line knows JAVA_OPTS, whatever was merged into it later
      if (change.kind !== 'RENAMED' || change.newKey !== key || key === 'JAVA_OPTS') return [];
      const what = `${lineOf(move.target)} knows it as ${change.key} only`;
      return [{ key, line, what, hint: `Add ${change.key} with this value before the downgrade.` }];
    }),
  );
  return kind === 'FRONTEND' ? [...renamed, ...unknownLogIds(settings, move.target)] : renamed;
}

/** An older frontend exits on the first entry of the journal that it does not know, unless it is set to ignore those. */
function unknownLogIds(settings: readonly ConfSetting[], target: Version): AffectedKey[] {
  const names = isReached('3.3', target)
    ? ['ignore_unknown_log_id', 'metadata_ignore_unknown_operation_type']
    : ['ignore_unknown_log_id'];
  const setting = settings.findLast(({ key }) => names.includes(key));
  if (setting?.value.toLowerCase() === 'true') return [];
  return [
    {
      key: 'ignore_unknown_log_id',
      line: setting?.line ?? null,
      what: `A frontend of ${lineOf(target)} exits when it meets an entry of the journal that only the newer version writes`,
      hint: 'Set ignore_unknown_log_id = true in fe.conf before the downgrade, and take it out after the first checkpoint.',
    },
  ];
}

const addOpens = '--add-opens=java.base/java.util=ALL-UNNAMED';

/** From 3.5 on every JVM is a JDK 17: some old options keep it from starting, and one new option is needed. */
function javaOptionsOf(
  settings: readonly ConfSetting[],
  { kind, source, target }: { kind: NodeKind; source: Version; target: Version },
): AffectedKey[] {
  if (isReached('3.5', source) || !isReached('3.5', target)) return [];
  const older = kind === 'FRONTEND' ? 'JAVA_OPTS_FOR_JDK_11' : 'JAVA_OPTS_FOR_JDK_9_AND_LATER';
  const last = (key: string) => settings.findLast((setting) => setting.key === key && unquoted(setting.value) !== '');
  // where the older key is set, the start scripts of 3.5 take it instead of JAVA_OPTS
  const used = last(older) ?? last('JAVA_OPTS') ?? null;
  const refused = optionsJdk17Refuses.filter((option) =>
    new RegExp(`-XX:[+-]?${option}(?![A-Za-z])`).test(used?.value ?? ''),
  );
  const found: AffectedKey[] = [];
  if (used !== null && refused.length > 0) {
    found.push({
      key: used.key,
      line: used.line,
      what: `JDK 17, which ${lineOf(target)} needs, does not start with ${refused.join(', ')}`,
      hint: 'Take these options out before the upgrade.',
    });
  }
  if (kind !== 'FRONTEND' && !(used?.value ?? '').includes(addOpens)) {
    found.push({
      key: used?.key ?? 'JAVA_OPTS',
      line: used?.line ?? null,
      what: `From 3.5 on, queries of external catalogs need ${addOpens}`,
      hint: 'Add it to JAVA_OPTS before the upgrade if there are external catalogs.',
    });
  }
  return found;
}

function unquoted(value: string): string {
  return value.replaceAll(/^["']|["']$/g, '').trim();
}

function isReached(line: string, version: Version): boolean {
  const first = parseVersion(`${line}.0`);
  return first !== null && (version.major - first.major || version.minor - first.minor) >= 0;
}
