import { Cursor } from '../sql/cursor.ts';
import type { Cell, Column } from './packets.ts';
import { int, lengthEncodedText, PacketReader } from './wire.ts';

/** Where the `?` of a prepared text stand. */
export function parameterOffsets(text: string): number[] {
  const cursor = new Cursor(text);
  const offsets: number[] = [];
  for (let token = cursor.next(); token.kind !== 'end'; token = cursor.next()) {
    if (token.kind === 'parameter') offsets.push(token.start);
  }
  return offsets;
}

/** Puts the values of a COM_STMT_EXECUTE packet in the place of the `?`, as literals. */
export function bindParameters(text: string, types: Buffer[], literals: string[]): string {
  const offsets = parameterOffsets(text);
  if (offsets.length !== literals.length || types.length < offsets.length)
    throw new RangeError('wrong parameter count');
  let bound = '';
  let from = 0;
  offsets.forEach((offset, index) => {
    bound += text.slice(from, offset) + literals[index];
    from = offset + 1;
  });
  return bound + text.slice(from);
}

/**
 * Reads the parameters of COM_STMT_EXECUTE (the body after the statement id). `known` holds the types of the last
 * execution: a client may leave them out when they did not change.
 */
export function readParameters(
  reader: PacketReader,
  count: number,
  known: Buffer[],
): { types: Buffer[]; literals: string[] } {
  reader.skip(5);
  if (count === 0) return { types: [], literals: [] };
  const nulls = reader.take(Math.floor((count + 7) / 8));
  const fresh = reader.int(1) === 1;
  const types = fresh ? Array.from({ length: count }, () => Buffer.from(reader.take(2))) : known;
  const literals = Array.from({ length: count }, (_, index) => {
    const isNull = ((nulls[index >> 3] ?? 0) >> (index & 7)) & 1;
    return isNull ? 'NULL' : readLiteral(reader, types[index]?.[0] ?? 0);
  });
  return { types, literals };
}

function readLiteral(reader: PacketReader, type: number): string {
  switch (type) {
    case 0x06:
      return 'NULL';
    case 0x01:
      return String(reader.take(1).readInt8(0));
    case 0x02:
      return String(reader.take(2).readInt16LE(0));
    case 0x03:
      return String(reader.take(4).readInt32LE(0));
    case 0x04:
      return String(reader.take(4).readFloatLE(0));
    case 0x05:
      return String(reader.take(8).readDoubleLE(0));
    case 0x08:
      return String(reader.take(8).readBigInt64LE(0));
    case 0x07:
    case 0x0a:
    case 0x0c:
      return readDate(reader);
    default:
      return quote(reader.take(reader.lengthEncoded()).toString('utf8'));
  }
}

function readDate(reader: PacketReader): string {
  const length = reader.int(1);
  const part = new PacketReader(reader.take(length));
  const two = (value: number) => String(value).padStart(2, '0');
  if (length < 4) return quote('0000-00-00');
  const day = `${String(part.int(2)).padStart(4, '0')}-${two(part.int(1))}-${two(part.int(1))}`;
  if (length < 7) return quote(day);
  return quote(`${day} ${two(part.int(1))}:${two(part.int(1))}:${two(part.int(1))}`);
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A row of the binary protocol: a bitmap of the NULLs, then each value in the shape of its column type. */
export function binaryRowPacket(columns: Column[], row: Cell[]): Buffer {
  const nulls = Buffer.alloc(Math.floor((columns.length + 9) / 8));
  const values: Buffer[] = [];
  columns.forEach((column, index) => {
    const cell = row[index] ?? null;
    if (cell === null) nulls.writeUInt8((nulls[(index + 2) >> 3] ?? 0) | (1 << ((index + 2) & 7)), (index + 2) >> 3);
    else values.push(binaryValue(column, cell));
  });
  return Buffer.concat([int(0, 1), nulls, ...values]);
}

function binaryValue({ type }: Column, cell: string): Buffer {
  const bytes = Buffer.alloc(8);
  switch (type) {
    case 'TINYINT':
      bytes.writeInt8(Number(cell));
      return bytes.subarray(0, 1);
    case 'INT':
      bytes.writeInt32LE(Number(cell));
      return bytes.subarray(0, 4);
    case 'BIGINT':
      bytes.writeBigInt64LE(BigInt(cell));
      return bytes;
    case 'DOUBLE':
      bytes.writeDoubleLE(Number(cell));
      return bytes;
    case 'DATE':
    case 'DATETIME':
      return binaryDate(cell);
    case 'DECIMAL':
    case 'VARCHAR':
      return lengthEncodedText(cell);
  }
}

function binaryDate(cell: string): Buffer {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = cell.split(/[- :]/).map(Number);
  return Buffer.concat([int(7, 1), int(year, 2), ...[month, day, hour, minute, second].map((part) => int(part, 1))]);
}
