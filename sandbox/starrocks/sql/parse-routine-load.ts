import type { RoutineLoadStatement, RowOrder } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { analysisError } from './errors.ts';

/** What follows CREATE: a routine load of Kafka. What it says of columns and filters is read and kept nowhere. */
export function parseCreateRoutineLoad(cursor: Cursor): RoutineLoadStatement | null {
  if (!cursor.accept('ROUTINE', 'LOAD')) return null;
  const job = cursor.qualifiedName();
  cursor.expect('ON');
  if (!/^[a-zA-Z]\w*$/.test(job.name))
    throw analysisError(`Incorrect ROUTINE LOAD NAME name '${job.name}'`, 5063, '42000');
  const table = cursor.identifier();
  while (!cursor.sees('PROPERTIES') && !cursor.sees('FROM') && !cursor.sawEnd()) cursor.next();
  const properties = cursor.optionalProperties();
  cursor.expect('FROM');
  const type = cursor.identifier();
  if (type.toUpperCase() !== 'KAFKA') throw analysisError(`routine load job does not support this type ${type}`);
  const unknown = Object.keys(properties).find((key) => !knownProperties.has(key));
  if (unknown !== undefined) throw analysisError(`${unknown} is invalid property`);
  const source = cursor.properties();
  requireBrokers(source);
  return { kind: 'createRoutineLoad', job, table, properties, source };
}

const knownProperties = new Set(
  (
    'desired_concurrent_number max_error_number max_batch_interval max_batch_rows max_filter_ratio strict_mode timezone ' +
    'format jsonpaths strip_outer_array json_root task_consume_second task_timeout_second pause_on_fatal_parse_error ' +
    'log_rejected_record_num partial_update partial_update_mode trim_space enclose escape'
  ).split(' '),
);

function requireBrokers({ kafka_topic: topic, kafka_broker_list: brokers = '' }: Record<string, string>): void {
  if (topic === undefined) throw analysisError('kafka_topic is a required property');
  const wrong = brokers.split(',').find((one) => !/^\[?[0-9a-zA-Z\-%._:]*\]?:\d+$/.test(one));
  if (wrong === undefined) return;
  const pattern = '.*?\\[?([0-9a-zA-Z\\-%._:]*)\\]?:(\\d+)';
  throw analysisError(`kafka_broker_list: ${wrong} does not match pattern ${pattern}`);
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
  const where = parseEquals(cursor, ['STATE', 'NAME']);
  return { kind: 'showRoutineLoad', history, job, db, where, order: parseOrder(cursor) };
}

/** `[ORDER BY column [ASC|DESC]] [LIMIT n]` behind a SHOW. */
export function parseOrder(cursor: Cursor): RowOrder {
  const column = cursor.accept('ORDER', 'BY') ? cursor.identifier() : null;
  const direction = column === null ? null : cursor.acceptOne('ASC', 'DESC');
  return { column, descending: direction === 'DESC', limit: cursor.accept('LIMIT') ? cursor.integer() : null };
}

/** `WHERE word = 'text'`, for one of these words; null without WHERE. */
export function parseEquals(cursor: Cursor, words: string[]): { word: string; text: string } | null {
  if (!cursor.accept('WHERE')) return null;
  const word = cursor.expectOne(...words);
  cursor.expect('=');
  return { word, text: cursor.string() };
}
