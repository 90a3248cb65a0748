import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Change, StateDump } from './state.ts';

/** `committed` is what the leader knew to be safe when it wrote the entry: a restart may apply up to there at once. */
export type Entry = { index: number; term: number; committed: number; changes: Change[] };
export type Image = { index: number; term: number; state: StateDump; writtenAt: number };
export type Vote = { term: number; votedFor: string | null };

/**
 * The journal of one frontend on disk: `bdb/journal.jsonl` and `bdb/vote.json` (what BDB JE keeps in its own files)
 * and `image/image.<journalId>`, after which older entries are dropped.
 */
export type Journal = {
  readonly image: Image | null;
  readonly vote: Vote;
  readonly lastIndex: number;
  readonly lastTerm: number;
  entry(index: number): Entry | null;
  termAt(index: number): number | null;
  entriesFrom(index: number, limit: number): Entry[];
  append(entries: readonly Entry[]): void;
  saveVote(vote: Vote): void;
  /** Stores an image and drops what it covers, but keeps a tail so that a slow frontend need not start over. */
  saveImage(image: Image, options?: { keepTail: number }): void;
};

const noVote: Vote = { term: 0, votedFor: null };

export function openJournal(metaDir: string): Journal {
  const bdbDir = join(metaDir, 'bdb');
  const imageDir = join(metaDir, 'image');
  mkdirSync(bdbDir, { recursive: true });
  mkdirSync(imageDir, { recursive: true });
  const file = join(bdbDir, 'journal.jsonl');
  const voteFile = join(bdbDir, 'vote.json');
  let image = readNewestImage(imageDir);
  let vote: Vote = existsSync(voteFile) ? JSON.parse(readFileSync(voteFile, 'utf8')) : noVote;
  let entries = readEntries(file);
  if (image && (entries.at(-1)?.index ?? 0) < image.index) entries = [];

  const offset = () => entries[0]?.index ?? (image?.index ?? 0) + 1;
  const at = (index: number) => entries[index - offset()] ?? null;
  const rewrite = () => replaceFile(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const journal: Journal = {
    get image() {
      return image;
    },
    get vote() {
      return vote;
    },
    get lastIndex() {
      return entries.at(-1)?.index ?? image?.index ?? 0;
    },
    get lastTerm() {
      return entries.at(-1)?.term ?? image?.term ?? 0;
    },
    entry: at,
    termAt: (index) => (index === 0 ? 0 : index === image?.index ? image.term : (at(index)?.term ?? null)),
    entriesFrom: (index, limit) => (index < offset() ? [] : entries.slice(index - offset(), index - offset() + limit)),
    append(fresh) {
      const first = fresh[0];
      if (!first) return;
      if (first.index <= journal.lastIndex) {
        entries = entries.filter((entry) => entry.index < first.index);
        entries.push(...fresh);
        return rewrite();
      }
      entries.push(...fresh);
      appendFileSync(file, fresh.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    },
    saveVote(next) {
      vote = next;
      replaceFile(voteFile, JSON.stringify(next));
    },
    saveImage(next, { keepTail } = { keepTail: 0 }) {
      image = next;
      replaceFile(join(imageDir, `image.${next.index}`), JSON.stringify(next));
      for (const name of imageNames(imageDir)) if (imageIndex(name) < next.index) rmSync(join(imageDir, name));
      entries = entries.filter((entry) => entry.index > next.index - keepTail);
      rewrite();
    },
  };
  return journal;
}

/** A line cut short by a crash was never acknowledged, so it is dropped like the entries after it. */
function readEntries(file: string): Entry[] {
  if (!existsSync(file)) return [];
  const entries: Entry[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      entries.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  return entries;
}

function readNewestImage(dir: string): Image | null {
  const newest = imageNames(dir).sort((a, b) => imageIndex(b) - imageIndex(a))[0];
  return newest === undefined ? null : JSON.parse(readFileSync(join(dir, newest), 'utf8'));
}

function imageNames(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^image\.\d+$/.test(name));
}

function imageIndex(name: string): number {
  return Number(name.slice('image.'.length));
}

function replaceFile(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}
