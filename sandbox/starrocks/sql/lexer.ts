import { SqlError } from './errors.ts';

/** `value` is the content (unescaped, without quotes); `upper` is what keywords are compared with. */
export type Token = {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'variable' | 'symbol' | 'parameter' | 'end';
  value: string;
  upper: string;
  start: number;
  end: number;
  line: number;
  column: number;
};

const symbols = ['<=>', '!=', '<>', '<=', '>=', ':=', '||', '&&', ...'()[]{},;.=<>+-*/%!@:'];
const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0', b: '\b', Z: '\x1a' };

/** Cuts the text into tokens; comments vanish, and the last token is always `end`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const where = createPositions(text);
  let at = 0;
  while (true) {
    at = skipBlank(text, at);
    const token = at >= text.length ? { kind: 'end' as const, value: '<EOF>', end: at } : readToken(text, at, where);
    const upper = token.kind === 'word' || token.kind === 'symbol' ? token.value.toUpperCase() : '';
    tokens.push({ ...token, upper, start: at, ...where(at) });
    if (token.kind === 'end') return tokens;
    at = token.end;
  }
}

type Position = { line: number; column: number };
type Read = { kind: Token['kind']; value: string; end: number };

function readToken(text: string, at: number, where: (at: number) => Position): Read {
  const char = text.charAt(at);
  if (char === "'" || char === '"') return readQuoted(text, at, { kind: 'string', escaped: true, where });
  if (char === '`') return readQuoted(text, at, { kind: 'quoted', escaped: false, where });
  if (char === '?') return { kind: 'parameter', value: '?', end: at + 1 };
  const rest = text.slice(at, at + 256);
  const number = /^(\d+\.?\d*([eE][+-]?\d+)?|\.\d+)(?![A-Za-z_$])/.exec(rest);
  if (number) return { kind: 'number', value: number[0], end: at + number[0].length };
  const variable = /^@@?[A-Za-z_][\w.]*/.exec(rest);
  if (variable) return { kind: 'variable', value: variable[0], end: at + variable[0].length };
  const word = /^[\p{L}\d_$]+/u.exec(text.slice(at));
  if (word) return { kind: 'word', value: word[0], end: at + word[0].length };
  const symbol = symbols.find((candidate) => text.startsWith(candidate, at));
  if (symbol !== undefined) return { kind: 'symbol', value: symbol, end: at + symbol.length };
  throw syntaxError(where(at), `Unexpected input '${char}'`);
}

type Quoting = { kind: 'string' | 'quoted'; escaped: boolean; where: (at: number) => Position };

function readQuoted(text: string, start: number, { kind, escaped, where }: Quoting): Read {
  const quote = text.charAt(start);
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '\\' && escaped) {
      const next = text.charAt(++at);
      value += next === '%' || next === '_' ? `\\${next}` : (escapes[next] ?? next);
    } else if (char !== quote) {
      value += char;
    } else if (text.charAt(at + 1) === quote) {
      value += quote;
      at++;
    } else {
      return { kind, value, end: at + 1 };
    }
  }
  throw syntaxError(where(start), `Unexpected input '${quote}'`);
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) at++;
    else if (text.startsWith('/*', at)) at = after(text, '*/', at + 2);
    else if (text.charAt(at) === '#' || /^--(\s|$)/.test(text.slice(at, at + 3))) at = after(text, '\n', at);
    else break;
  }
  return at;
}

function after(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function createPositions(text: string): (at: number) => Position {
  return (at) => {
    const before = text.slice(0, at);
    const lastBreak = before.lastIndexOf('\n');
    return { line: before.split('\n').length, column: at - lastBreak - 1 };
  };
}

export function syntaxError({ line, column }: Position, detail: string): SqlError {
  const text = `Getting syntax error at line ${line}, column ${column}. Detail message: ${detail}.`;
  return new SqlError(1064, 'HY000', text);
}
