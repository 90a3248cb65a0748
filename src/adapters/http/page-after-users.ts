import type { MetricSample } from './metrics-page.ts';
import { code, skipBlanks, skipName } from './page-characters.ts';
import { type Families, standsAt } from './page-families.ts';
import { noLabels, parseLabels } from './page-labels.ts';
import type { Oddities } from './page-oddities.ts';
import { createUsers, type Users } from './page-users.ts';
import { readValue } from './page-value.ts';

/*
 * A frontend prints the names of users as they were sent to its MySQL port, without escaping (`collectUserConnMetrics`),
 * so a name can hold anything but NUL: quotes, line breaks, whole lines of other families with their comments. What is
 * printed before the first user cannot be changed that way. From there on:
 *
 * - Users stand together. What is between two of them belongs to the name of the one before.
 * - After the last user a line is either part of its name or of the page. The page goes on with few families, in an order
 *   that never changes, each with one TYPE line before its samples (`PrometheusMetricVisitor`); `node_info` is the last,
 *   and always there. A client's text comes before all of them. So what is no line at all, a sample without its TYPE, and
 *   all that comes before a TYPE that stands there again or out of order, belongs to a name.
 * - Of the families that come here, only those count that the page surely has: a forged one is then always found out by
 *   the real one after it.
 */

/** Families that come after the users, in the order of the page. */
const familiesAfterUsers = ['starrocks_fe_txn_running', 'node_info'];
/** Every database but these two counts its running transactions, so with more there is such a family. */
const databasesWithoutTransactions = 2;
export const databaseCountFamily = 'starrocks_fe_database_num';

const [userLabel, ofFrontend] = [Buffer.from('{user="'), Buffer.from('starrocks_fe_')];
const mostPending = 50_000;
const mostDoubtful = 100;
const longestEntry = 4_000;
const longestEnd = 40;
const userBegin = /^(starrocks_fe_\w{1,200})\{user="/;
/** How the line ends that ends a user. */
const userEnd = /"\} [^\s"]{1,40}$/;

/** Whether users begin at this place: the first label of a frontend's family is a user. */
export function beginsUsers(bytes: Buffer, { from, nameEnd }: { from: number; nameEnd: number }): boolean {
  return (
    standsAt(bytes, { from: nameEnd, to: nameEnd + userLabel.length }, userLabel) &&
    standsAt(bytes, { from, to: from + ofFrontend.length }, ofFrontend)
  );
}

export type AfterUsers = {
  /** A line without its end. */
  line(text: string): void;
  /** What the page says from the first user on; `seen` has the families that were there before. */
  end(how: { isWhole: boolean; databases: number | null; seen: ReadonlySet<string> }): {
    readonly samples: readonly MetricSample[];
    readonly users: Users;
  };
};

type Line = { readonly text: string; readonly sample: MetricSample | null };

export function createAfterUsers(families: Families, oddities: Oddities): AfterUsers {
  const users = createUsers(oddities);
  /** The family of the first user, which nobody can have forged. */
  let userFamily: string | null = null;
  let entry: Entry | null = null;
  /** Lines before the first TYPE of a family that may come here: none of them can count. */
  let doubtful: Line[] = [];
  /** Lines from there on. */
  let pending: Line[] = [];
  let isOverfull = false;
  const introduced = new Set<string>();

  /** All lines that wait, and these, belong to the name. */
  const takeAsName = (more: readonly Line[] = []) => {
    for (const { text, sample } of [...doubtful, ...pending, ...more]) {
      if (sample !== null) oddities.add('PART_OF_A_NAME', text);
      entry?.add(text);
    }
    doubtful = [];
    pending = [];
    isOverfull = false;
    introduced.clear();
  };
  const finishEntry = () => {
    if (entry !== null && userFamily !== null) users.add(userFamily, entry.text());
    entry = null;
  };
  const wait = (line: Line) => {
    if (introduced.size > 0 && pending.length >= mostPending) isOverfull = true;
    else if (introduced.size > 0) pending.push(line);
    else if (doubtful.length < mostDoubtful) doubtful.push(line);
  };
  const comment = (text: string) => {
    const [, family = ''] = /^#[ \t]*TYPE[ \t]+([\w:]{1,200})/.exec(text) ?? [];
    const rank = familiesAfterUsers.indexOf(family);
    if (rank !== -1) {
      if (familiesAfterUsers.slice(rank).some((later) => introduced.has(later))) {
        const help = pending.at(-1)?.text.startsWith('# HELP ') ? pending.pop() : undefined; // it goes with this line
        takeAsName();
        // Nothing of the page comes before the end of a name, so these are of the name too.
        if (entry?.isOpen()) return takeAsName([...(help === undefined ? [] : [help]), { text, sample: null }]);
      }
      introduced.add(family);
    }
    wait({ text, sample: null });
  };
  const other = (text: string) => {
    const line = readLine(text);
    if (line === null) return takeAsName([{ text, sample: null }]);
    const isOfPage = familiesAfterUsers.includes(line.name);
    const sample = isOfPage || families.names(line.name) ? line.sample : null;
    if (isOfPage && !introduced.has(line.name)) takeAsName([{ text, sample }]);
    else wait({ text, sample });
  };
  return {
    line(text) {
      const [begin, family] = userBegin.exec(text) ?? [];
      if (begin !== undefined && family !== undefined && (userFamily ?? family) === family) {
        takeAsName();
        finishEntry();
        userFamily = family;
        entry = createEntry(text.slice(begin.length));
      } else if (entry?.isOpen()) takeAsName([{ text, sample: null }]);
      else if (text.startsWith('#')) comment(text);
      else if (text.trim() === '') wait({ text, sample: null });
      else other(text);
    },
    end({ isWhole, databases, seen }) {
      // Of a page that ends somewhere, the end of the last name is not known either.
      if (!isWhole) return { samples: [], users };
      finishEntry();
      const hasTransactions = databases !== null && databases > databasesWithoutTransactions;
      const certain = new Set(['node_info', ...(hasTransactions ? ['starrocks_fe_txn_running'] : [])]);
      const samples = [...doubtful, ...pending].flatMap(({ text, sample }) => {
        if (sample === null) return [];
        if (!isOverfull && certain.has(sample.name) && !seen.has(sample.name)) return sample;
        if (families.names(sample.name)) oddities.add('NOT_CERTAIN', text);
        return [];
      });
      return { samples, users };
    },
  };
}

type Entry = {
  add(line: string): void;
  /** The name goes on: no line that ends a user has come yet. */
  isOpen(): boolean;
  /** All lines, or the first and the end of the last. */
  text(): string;
};

/** What stands after the quote before a name, of any length. */
function createEntry(first: string): Entry {
  let begin = first.slice(0, longestEntry);
  let last = first;
  let isLong = first.length > longestEntry;
  return {
    add(line) {
      last = line;
      isLong ||= begin.length + line.length >= longestEntry;
      if (!isLong) begin += `\n${line}`;
    },
    isOpen: () => !userEnd.test(last),
    text: () => (isLong ? `${begin}\n…${last.slice(-longestEnd)}` : begin),
  };
}

/** A line as the page has them, also if its value is a word; null = it is none. */
function readLine(line: string): { name: string; sample: MetricSample | null } | null {
  const bytes = Buffer.from(line);
  const text = bytes.toString('latin1');
  const nameEnd = skipName(text, 0, text.length);
  const begin = skipBlanks(text, nameEnd, text.length);
  const isLabelled = text.charCodeAt(begin) === code.openBrace;
  const labelsEnd = isLabelled ? text.lastIndexOf('}') : begin;
  if (nameEnd === 0 || (!isLabelled && begin === nameEnd) || labelsEnd < begin) return null;
  const set = isLabelled ? parseLabels({ text, bytes }, begin + 1, labelsEnd) : noLabels;
  const valueFrom = isLabelled ? labelsEnd + 1 : begin;
  const value = readValue(text, valueFrom, text.length);
  if (set === null || (value === null && !/^\s*\w{1,40}\s*$/.test(text.slice(valueFrom, valueFrom + 100)))) return null;
  const name = text.slice(0, nameEnd);
  return { name, sample: value === null ? null : { name, labels: set.labels, value } };
}
