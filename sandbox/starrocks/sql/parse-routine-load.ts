import type { RoutineLoadStatement } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { analysisError } from './errors.ts';

/** What follows CREATE: a routine load of Kafka. What it says of columns and filters is read and kept nowhere. */
export function parseCreateRoutineLoad(cursor: Cursor): RoutineLoadStatement | null {
  if (!cursor.accept('ROUTINE', 'LOAD')) return null;
  const job = cursor.qualifiedName();
  cursor.expect('ON');
  const table = cursor.identifier();
  while (!cursor.sees('PROPERTIES') && !cursor.sees('FROM') && !cursor.sawEnd()) cursor.next();
  const properties = cursor.optionalProperties();
  cursor.expect('FROM');
  const type = cursor.identifier();
  if (type.toUpperCase() !== 'KAFKA') throw analysisError(`routine load job does not support this type ${type}`);
  return { kind: 'createRoutineLoad', job, table, properties, source: cursor.properties() };
}

/** PAUSE, RESUME or STOP ROUTINE LOAD FOR a job. */
export function parseControlRoutineLoad(cursor: Cursor, action: 'PAUSE' | 'RESUME' | 'STOP'): RoutineLoadStatement {
  cursor.expect('ROUTINE', 'LOAD', 'FOR');
  return { kind: 'controlRoutineLoad', action, job: cursor.qualifiedName() };
}

/** What follows SHOW: `[ALL] ROUTINE LOAD [FOR job | FROM db] [WHERE STATE | NAME = '...']`; the words are compared as they are. */
export function parseShowRoutineLoad(cursor: Cursor): RoutineLoadStatement | null {
  const history = cursor.accept('ALL', 'ROUTINE', 'LOAD');
  if (!history && !cursor.accept('ROUTINE', 'LOAD')) return null;
  const job = cursor.accept('FOR') ? cursor.qualifiedName() : null;
  const db = cursor.acceptOne('FROM', 'IN') ? cursor.identifier() : null;
  return { kind: 'showRoutineLoad', history, job, db, where: parseEquals(cursor, ['STATE', 'NAME']) };
}

/** `WHERE word = 'text'`, for one of these words; null without WHERE. */
export function parseEquals(cursor: Cursor, words: string[]): { word: string; text: string } | null {
  if (!cursor.accept('WHERE')) return null;
  const word = cursor.expectOne(...words);
  cursor.expect('=');
  return { word, text: cursor.string() };
}
