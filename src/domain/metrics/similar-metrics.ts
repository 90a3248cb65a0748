import { catalogue } from './catalogue/index.ts';

const most = 5;

/** The names that were most likely meant by what is none, the likeliest first: those that share words, or most pairs of letters. */
export function similarMetrics(word: string): readonly string[] {
  const wanted = word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 80);
  return catalogue
    .map(({ name, title }) => ({
      name,
      likeness: likeness(wanted, name) + 0.5 * likeness(wanted, title.toLowerCase().replace(/[^a-z0-9]+/g, '_')),
    }))
    .filter((each) => each.likeness > 0.35)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Twice the pairs of letters that both have, of all pairs; and as much again for words that both have. */
function likeness(a: string, b: string): number {
  return shared(pairsOf(a), pairsOf(b)) + shared(wordsOf(a), wordsOf(b));
}

function pairsOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));
}

function wordsOf(text: string): readonly string[] {
  return text.split('_').filter((word) => word.length > 1);
}

function shared(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const left = [...b];
  const both = a.filter((each) => {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
  return (2 * both.length) / (a.length + b.length);
}
