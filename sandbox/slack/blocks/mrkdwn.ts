/** One piece of mrkdwn as Slack reads it. */
export type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'user'; readonly id: string }
  | { readonly kind: 'channel'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'broadcast'; readonly range: string }
  | { readonly kind: 'date'; readonly unix: number; readonly format: string; readonly fallback: string }
  | { readonly kind: 'link'; readonly url: string; readonly label: string };

const control = /<([^<>\n]+)>/g;

/** Splits text at its `<…>` forms; text pieces come out with `&amp; &lt; &gt;` undone, once. */
export function parseMrkdwn(text: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  for (const match of text.matchAll(control)) {
    const token = parseControl(match[1] ?? '');
    if (token === null) continue;
    if (match.index > from) tokens.push({ kind: 'text', text: unescapeText(text.slice(from, match.index)) });
    tokens.push(token);
    from = match.index + match[0].length;
  }
  if (from < text.length) tokens.push({ kind: 'text', text: unescapeText(text.slice(from)) });
  return tokens;
}

export function unescapeText(text: string): string {
  return text.replace(/&(amp|lt|gt);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>' })[name] ?? '');
}

/** Addresses that Slack makes clickable though nobody marked them up. */
export function bareLinks(text: string): string[] {
  return text.match(/\bhttps?:\/\/[^\s<>|]+/g) ?? [];
}

function parseControl(inner: string): Token | null {
  const [head = '', label = ''] = splitOnce(inner, '|');
  if (/^@[UW][A-Z0-9]+$/.test(head)) return { kind: 'user', id: head.slice(1) };
  if (/^#[CGD][A-Z0-9]+$/.test(head)) return { kind: 'channel', id: head.slice(1) };
  if (/^!(here|channel|everyone|group)$/.test(head)) return { kind: 'broadcast', range: head.slice(1) };
  if (/^!subteam\^S[A-Z0-9]+$/.test(head)) return { kind: 'group', id: head.slice('!subteam^'.length) };
  const date = /^!date\^(\d+)\^([^^]+)(\^.*)?$/.exec(head);
  if (date !== null) {
    return { kind: 'date', unix: Number(date[1]), format: date[2] ?? '', fallback: unescapeText(label) };
  }
  if (/^(https?:\/\/|mailto:|tel:)/.test(head)) {
    return { kind: 'link', url: head, label: unescapeText(label === '' ? head : label) };
  }
  return null;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
