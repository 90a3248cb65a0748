import type { Release } from '../release.ts';

const interrupted = 1317;

/** An error packet: what a client of the MySQL protocol gets instead of a result. */
export class SqlError extends Error {
  readonly code: number;
  readonly sqlState: string;

  constructor(code: number, sqlState: string, message: string) {
    super(message);
    this.name = 'SqlError';
    this.code = code;
    this.sqlState = sqlState;
  }

  /** Refused before anything ran: the prefix of the analyzer, or the number of an unknown name or a missing right. */
  get atAnalysis(): boolean {
    return this.message.startsWith('Getting ') || (this.code !== 1064 && this.code !== interrupted);
  }
}

/** The words a wrong part of a statement stands between, as the analyzer points at them. */
export type Span = { readonly from: Position; readonly to: Position };
type Position = { readonly line: number; readonly column: number };

export function analysisErrorAt({ from, to }: Span, message: string): SqlError {
  const where = `from line ${from.line}, column ${from.column} to line ${to.line}, column ${to.column}`;
  return new SqlError(1064, 'HY000', `Getting analyzing error ${where}. Detail message: ${message}.`);
}

export function analysisError(message: string, code = 1064, sqlState = 'HY000'): SqlError {
  return new SqlError(code, sqlState, `Getting analyzing error. Detail message: ${message}.`);
}

/** Errors of DDL execution: up to 3.2 they carry the prefix of the Java handler, from 3.3 on they are plain. */
export function executionError(release: Release, message: string): SqlError {
  return new SqlError(1064, 'HY000', prefixed(release, message));
}

/** Everything that the backup handler refuses is a "common error". */
export function backupError(release: Release, message: string): SqlError {
  return new SqlError(5064, '42000', prefixed(release, message));
}

/** What the analyzer says of a name in a statement. */
export function unknownDatabase(release: Release, name: string): SqlError {
  const text = `Unknown database '${name}'`;
  return release.atLeast(3, 3) ? analysisError(text, 5501, '3F000') : new SqlError(1049, '42000', text);
}

/** What a login, USE and DROP DATABASE say, which do not come that far. */
export function unknownDatabaseHere(release: Release, name: string): SqlError {
  const text = `Unknown database '${name}'`;
  return release.atLeast(3, 3) ? new SqlError(5501, '3F000', text) : new SqlError(1049, '42000', text);
}

export function unknownTable(release: Release, name: string): SqlError {
  const text = `Unknown table '${name}'`;
  return release.atLeast(3, 3) ? analysisError(text, 5502, '42602') : new SqlError(1051, '42S02', text);
}

function prefixed(release: Release, message: string): string {
  return release.atLeast(3, 3) ? message : `Unexpected exception: ${message}`;
}
