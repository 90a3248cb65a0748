/** What a label has to be: one value, one of several, or anything but this. */
export type Matcher = string | readonly string[] | { readonly not: string };
export type Matchers = Readonly<Record<string, Matcher>>;

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A string of PromQL; whatever the text has in it, it ends where it says. */
export function promqlString(text: string): string {
  const inside = text.toWellFormed().replace(/[\\"\p{Cc}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return escapes[character] ?? `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${inside}"`;
}

/** A regular expression (RE2) that fits one of these texts and nothing else; Prometheus anchors it at both ends. */
export function anyOf(texts: readonly string[]): string {
  return texts.map((text) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')).join('|');
}

/**
 * A family of Prometheus with what its labels have to be: `node_info{type="is_master"}`. A label that several of them name has to
 * be all of that, so that none takes the place of the one that chooses the cluster.
 */
export function selector(name: string, ...all: readonly Matchers[]): string {
  const pairs = all.flatMap((matchers) =>
    Object.entries(matchers).map(([label, wanted]) => `${label}${matcherText(wanted)}`),
  );
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function matcherText(wanted: Matcher): string {
  if (typeof wanted === 'string') return `=${promqlString(wanted)}`;
  if ('not' in wanted) return `!=${promqlString(wanted.not)}`;
  const [only, second] = wanted;
  return only !== undefined && second === undefined ? `=${promqlString(only)}` : `=~${promqlString(anyOf(wanted))}`;
}
