import type { Span } from './errors.ts';
import { syntaxError, type Token, tokenize } from './lexer.ts';

export type LocatedProperties = {
  readonly values: Record<string, string>;
  readonly spans: ReadonlyMap<string, Span>;
  readonly last: Span;
};

/** Words that cannot name anything unless they stand in backticks. */
const reserved = new Set(
  (
    'ADD ALL ALTER ANALYZE AND ANY AS ASC BETWEEN BIGINT BITMAP BOTH BY CASE CAST CHAR COLUMN CONVERT CREATE CROSS ' +
    'CURRENT_DATE CURRENT_ROLE CURRENT_USER DATABASE DATABASES DECIMAL DEFAULT DELETE DENSE_RANK DESC DESCRIBE DISTINCT ' +
    'DOUBLE DROP DUAL ELSE EXCEPT EXISTS EXPLAIN FALSE FLOAT FOR FORCE FROM FULL FUNCTION GRANT GROUP GROUPS HAVING ' +
    'IF IGNORE IN INDEX INFILE INNER INSERT INT INTEGER INTERSECT INTO IS JOIN JSON KEY KEYS KILL LAG LEAD LEFT LIKE ' +
    'LIMIT LOAD LOCALTIME MAXVALUE MINUS NOT NULL ON OR ORDER OUTER OVER PARTITION PRIMARY PROCEDURE RANGE RANK READ ' +
    'REGEXP RENAME REPLACE REVOKE RIGHT RLIKE ROW ROWS SCHEMA SCHEMAS SELECT SET SHOW SMALLINT SYSTEM TABLE TERMINATED ' +
    'TEXT THEN TINYINT TO TRUE UNION UNIQUE UNSIGNED UPDATE USE USING VALUES VARCHAR WHEN WHERE WITH'
  ).split(' '),
);

/**
 * A place in the token list, and the few moves that a recursive descent parser makes. The methods named `accept`
 * move only when the words are there; those named `expect` refuse with the grammar's error when they are not.
 */
export class Cursor {
  readonly text: string;
  private readonly tokens: Token[];
  private at = 0;

  constructor(text: string) {
    this.text = text;
    this.tokens = tokenize(text);
  }

  get token(): Token {
    return this.ahead(0);
  }

  ahead(distance: number): Token {
    const token = this.tokens[Math.max(0, Math.min(this.at + distance, this.tokens.length - 1))];
    if (!token) throw new Error('a token list always ends with an end token');
    return token;
  }

  /** Whether the next words or symbols are exactly these. */
  sees(...words: string[]): boolean {
    return words.every((word, index) => this.ahead(index).upper === word);
  }

  accept(...words: string[]): boolean {
    if (!this.sees(...words)) return false;
    this.at += words.length;
    return true;
  }

  /** The first of these words that is next, consumed; null when none is. */
  acceptOne<W extends string>(...words: W[]): W | null {
    const found = words.find((word) => this.sees(word));
    if (found !== undefined) this.at++;
    return found ?? null;
  }

  expect(...words: string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.unexpected(word);
  }

  expectOne<W extends string>(...words: W[]): W {
    const found = this.acceptOne(...words);
    if (found === null) throw this.unexpected(...words);
    return found;
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.at++;
    return token;
  }

  sawEnd(): boolean {
    return this.token.kind === 'end' || this.sees(';');
  }

  identifier(): string {
    const { kind, upper, value } = this.token;
    const plain = kind === 'word' && !reserved.has(upper) && !/^\d+$/.test(value);
    if (kind !== 'quoted' && !plain) throw this.unexpected('IDENTIFIER');
    return this.next().value;
  }

  string(): string {
    if (this.token.kind !== 'string') throw this.unexpected('SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT');
    return this.next().value;
  }

  identifierOrString(): string {
    return this.token.kind === 'string' ? this.next().value : this.identifier();
  }

  integer(): number {
    if (this.token.kind !== 'number' || !/^\d+$/.test(this.token.value)) throw this.unexpected('INTEGER_VALUE');
    return Number(this.next().value);
  }

  /** One or more, with commas between. */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  parenthesized<T>(item: () => T): T[] {
    this.expect('(');
    const items = this.list(item);
    this.expect(')');
    return items;
  }

  /** `name` or `db.name`. */
  qualifiedName(): { db: string | null; name: string } {
    const first = this.identifier();
    return this.accept('.') ? { db: first, name: this.identifier() } : { db: null, name: first };
  }

  /** `("k" = "v", ...)` */
  properties(): Record<string, string> {
    const pairs = this.parenthesized(() => {
      const key = this.string();
      this.expect('=');
      return [key, this.string()] as const;
    });
    return Object.fromEntries(pairs);
  }

  /** The same, with where each property stands and with the last one for "something is missing". */
  locatedProperties(): LocatedProperties {
    const spans = new Map<string, Span>();
    let last: Span | null = null;
    const pairs = this.parenthesized(() => {
      const from = this.token;
      const key = this.string();
      this.expect('=');
      const to = this.token;
      last = { from, to };
      spans.set(key, last);
      return [key, this.string()] as const;
    });
    if (last === null) throw this.unexpected('SINGLE_QUOTED_TEXT', 'DOUBLE_QUOTED_TEXT');
    return { values: Object.fromEntries(pairs), spans, last };
  }

  optionalProperties(): Record<string, string> {
    return this.accept('PROPERTIES') ? this.properties() : {};
  }

  unexpected(...expected: string[]) {
    const list = expected.map((word) => (/^[A-Z_]+$/.test(word) ? word : `'${word}'`)).join(', ');
    return syntaxError(this.token, `Unexpected input '${this.token.value}', the most similar input is {${list}}`);
  }
}
