import type { MetricsPage } from './metrics-page.ts';
import { type AfterUsers, beginsUsers, createAfterUsers, databaseCountFamily } from './page-after-users.ts';
import { code, isBlank, isInName, skipBlanks } from './page-characters.ts';
import { type Families, hashBegin, hashStep, standsAt } from './page-families.ts';
import { noLabels, readLabels } from './page-labels.ts';
import { createOddities } from './page-oddities.ts';
import { createSeries } from './page-series.ts';
import { readValue } from './page-value.ts';

export type PageReader = {
  /** The next bytes, however they are cut; the buffer is not kept. */
  push(chunk: Buffer): void;
  /** `isWhole`: the server sent all that it meant to send. */
  end(how: { isWhole: boolean }): MetricsPage;
};

/** Real lines are far shorter; what is longer is not kept. */
const longestLine = 16_384;
const shownBegin = 1_000;
const shownEnd = 40;
const databaseCountBytes = Buffer.from(databaseCountFamily, 'latin1');

/**
 * Reads a page of a StarRocks node piece by piece, with one line kept at most. Lines of other families cost no more than
 * finding their end. No page takes more than linear time.
 */
export function createPageReader(families: Families): PageReader {
  const oddities = createOddities();
  const series = createSeries(oddities);
  let afterUsers: AfterUsers | null = null;
  let databases: number | null = null;
  let sampleLines = 0;
  /** The family of the line before and its brace, if nobody wants it: tables and pools come by the thousand. */
  let passed: Buffer | null = null;
  const held = Buffer.allocUnsafe(longestLine);
  let heldBytes = 0;
  /** The end of a line that is too long; null = the present line is not. */
  let longEnd: Buffer | null = null;

  /** A line that somebody wants: only of these a text is made. */
  const sampleOf = (bytes: Buffer, at: { name: string; nameEnd: number; from: number; to: number }) => {
    const own = bytes.subarray(at.nameEnd, at.to);
    const text = own.toString('latin1');
    const begin = skipBlanks(text, 0, text.length);
    const isLabelled = text.charCodeAt(begin) === code.openBrace;
    const labelsEnd = isLabelled ? text.lastIndexOf('}') : begin;
    const set = isLabelled
      ? labelsEnd > begin
        ? readLabels({ text, bytes: own }, begin + 1, labelsEnd)
        : null
      : noLabels;
    const value = set === null ? null : readValue(text, isLabelled ? labelsEnd + 1 : begin, text.length);
    if (set === null || value === null) return oddities.add('UNREADABLE', decode(bytes, at.from, at.to));
    if (at.name === databaseCountFamily) databases = value;
    series.add(at.name, set, value);
  };

  const trustedLine = (bytes: Buffer, begin: number, to: number) => {
    let from = begin;
    while (from < to && isBlank(bytes[from] ?? 0)) from += 1;
    if (from === to || bytes[from] === code.hash) return;
    let hash = hashBegin;
    let nameEnd = from;
    for (; nameEnd < to; nameEnd += 1) {
      const character = bytes[nameEnd] ?? 0;
      if (isInName[character] !== 1) break;
      hash = hashStep(hash, character);
    }
    const stop = nameEnd < to ? bytes[nameEnd] : 0;
    const isSample = nameEnd > from && (stop === code.openBrace || stop === code.blank || stop === code.tab);
    if (!isSample) return oddities.add('UNREADABLE', decode(bytes, from, to));
    sampleLines += 1;
    if (stop === code.openBrace && beginsUsers(bytes, { from, nameEnd })) {
      afterUsers = createAfterUsers(families, oddities);
      return afterUsers.line(decode(bytes, from, to));
    }
    const name = families.find(bytes, { from, to: nameEnd, hash }) ?? evidence(bytes, from, nameEnd);
    if (name !== null) return sampleOf(bytes, { name, nameEnd, from, to });
    if (stop === code.openBrace && from === begin) passed = bytes.subarray(from, nameEnd + 1);
  };

  const line = (bytes: Buffer, from: number, end: number) => {
    const to = end > from && bytes[end - 1] === code.carriageReturn ? end - 1 : end;
    if (to - from >= longestLine) longLine(bytes.subarray(from, to), bytes.subarray(to - shownEnd, to));
    else if (afterUsers !== null) afterUsers.line(decode(bytes, from, to));
    else trustedLine(bytes, from, to);
  };

  const longLine = (begin: Buffer, end: Buffer) => {
    const text = `${begin.toString('utf8', 0, shownBegin)}…${end.toString('utf8').trimEnd()}`;
    const [name = ''] = /^[\w:]*/.exec(text) ?? [];
    oddities.add('TOO_LONG', text);
    if (afterUsers === null && beginsUsers(begin, { from: 0, nameEnd: name.length }))
      afterUsers = createAfterUsers(families, oddities);
    afterUsers?.line(text);
  };

  /** All lines of a piece that ends with the end of a line. */
  const lines = (bytes: Buffer) => {
    passed = null;
    for (let from = 0; from < bytes.length; ) {
      if (passed !== null && afterUsers === null) {
        const next = nextLine(bytes, from, passed);
        if (next > from) {
          sampleLines += 1;
          from = next;
          continue;
        }
      }
      const end = lineEnd(bytes, from);
      line(bytes, from, end);
      from = end + 1;
    }
  };

  const hold = (bytes: Buffer) => {
    if (longEnd === null && heldBytes + bytes.length <= longestLine) {
      heldBytes += bytes.copy(held, heldBytes);
      return;
    }
    if (longEnd === null) heldBytes += bytes.copy(held, heldBytes);
    const before = longEnd ?? held.subarray(0, heldBytes);
    longEnd = Buffer.concat([before.subarray(-shownEnd), bytes.subarray(-shownEnd)]).subarray(-shownEnd);
  };

  return {
    push(chunk) {
      let from = 0;
      if (heldBytes > 0 || longEnd !== null) {
        const end = chunk.indexOf(code.lineFeed);
        hold(end === -1 ? chunk : chunk.subarray(0, end + 1));
        if (end === -1) return;
        if (longEnd === null) lines(held.subarray(0, heldBytes));
        else longLine(held.subarray(0, heldBytes), longEnd);
        heldBytes = 0;
        longEnd = null;
        from = end + 1;
      }
      const last = chunk.lastIndexOf(code.lineFeed);
      if (last >= from) lines(chunk.subarray(from, last + 1));
      const rest = Math.max(from, last + 1);
      if (rest < chunk.length) hold(chunk.subarray(rest));
    },
    end({ isWhole }) {
      const isCut = !isWhole || heldBytes > 0 || longEnd !== null;
      if (heldBytes > 0) oddities.add('CUT', held.toString('utf8', 0, Math.min(heldBytes, shownBegin)));
      const after = afterUsers?.end({ isWhole: !isCut, databases, seen: series.families() });
      const ofUsers = after?.users.samples() ?? [];
      return {
        samples: [...series.samples(), ...ofUsers, ...(after?.samples ?? [])].filter(({ name }) =>
          families.wants(name),
        ),
        oddities: oddities.first,
        oddityCount: oddities.count(),
        impossibleUsers: after?.users.impossible ?? [],
        impossibleUserCount: after?.users.impossibleCount() ?? 0,
        isCut,
        sampleLines,
      };
    },
  };
}

/** How many databases there are tells what comes after the users, whoever wants that number. */
function evidence(bytes: Buffer, from: number, to: number): string | null {
  return standsAt(bytes, { from, to }, databaseCountBytes) ? databaseCountFamily : null;
}

/**
 * The begin of the line after this one, if this one begins so and is not too long; else the place itself. Bytes are looked at
 * one by one: most lines of a large page come here, and a call for each of them takes longer than that.
 */
function nextLine(bytes: Buffer, from: number, begin: Buffer): number {
  const { length } = begin;
  if (from + length > bytes.length) return from;
  // What is alike in families of tables is their begin.
  for (let at = length - 1; at >= 0; at -= 1) if (bytes[from + at] !== begin[at]) return from;
  const end = lineEnd(bytes, from + length);
  return end - from >= longestLine ? from : end + 1;
}

/** Where the line ends that this place is in; there is such an end. */
function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] !== code.lineFeed) at += 1;
  return at;
}

function decode(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to);
}
