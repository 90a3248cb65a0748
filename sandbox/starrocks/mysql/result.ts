import type { PacketStream } from './connection.ts';
import { columnPacket, endPacket, okPacket, type Result, type RowSet, textRowPacket } from './packets.ts';
import { binaryRowPacket } from './prepared.ts';
import { lengthEncoded } from './wire.ts';

export function writeResult(stream: PacketStream, result: Result, status: number): void {
  if (result.kind === 'ok') stream.write(okPacket(result, status));
  else writeRows(stream, result, { status, binary: false });
}

/** A result set: the number of columns, the columns, an end, the rows, an end. */
export function writeRows(
  stream: PacketStream,
  { columns, rows }: RowSet,
  how: { status: number; binary: boolean },
): void {
  stream.writeAll([
    lengthEncoded(columns.length),
    ...columns.map(columnPacket),
    endPacket(how.status),
    ...rows.map((row) => (how.binary ? binaryRowPacket(columns, row) : textRowPacket(row))),
    endPacket(how.status),
  ]);
}
