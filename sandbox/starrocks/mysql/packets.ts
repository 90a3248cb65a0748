import type { SqlError } from '../sql/errors.ts';
import { int, lengthEncoded, lengthEncodedText, PacketReader, zeroTerminated } from './wire.ts';

/** LONG_FLAG, CONNECT_WITH_DB, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, CONNECT_ATTRS, PLUGIN_AUTH_LENENC. */
const serverCapabilities = 0x0038820c;
const clientFlag = { connectWithDb: 0x8, secureConnection: 0x8000, pluginAuth: 0x80000, lengthEncodedAuth: 0x200000 };
export const authPlugin = 'mysql_native_password';
export const moreResults = 0x0008;

export type ColumnType = 'TINYINT' | 'INT' | 'BIGINT' | 'DOUBLE' | 'DECIMAL' | 'DATE' | 'DATETIME' | 'VARCHAR';
export type Column = { name: string; type: ColumnType };
export type Cell = string | null;
export type RowSet = { kind: 'rows'; columns: Column[]; rows: Cell[][] };
export type Done = { kind: 'ok'; affectedRows: number; info: string };
export type Result = RowSet | Done;

const typeCodes: Record<ColumnType, { code: number; charset: number; length: number }> = {
  TINYINT: { code: 0x01, charset: 63, length: 4 },
  INT: { code: 0x03, charset: 63, length: 11 },
  BIGINT: { code: 0x08, charset: 63, length: 20 },
  DOUBLE: { code: 0x05, charset: 63, length: 22 },
  DECIMAL: { code: 0xf6, charset: 63, length: 40 },
  DATE: { code: 0x0a, charset: 63, length: 10 },
  DATETIME: { code: 0x0c, charset: 63, length: 19 },
  VARCHAR: { code: 0xfd, charset: 33, length: 255 },
};

export function done(affectedRows = 0, info = ''): Done {
  return { kind: 'ok', affectedRows, info };
}

/** A result of text columns, which is what every SHOW statement answers with. */
export function textRows(names: readonly string[], rows: Cell[][]): RowSet {
  return { kind: 'rows', columns: names.map((name) => ({ name, type: 'VARCHAR' })), rows };
}

export function handshakePacket(options: { version: string; connectionId: number; scramble: Buffer }): Buffer {
  return Buffer.concat([
    int(10, 1),
    zeroTerminated(options.version),
    int(options.connectionId, 4),
    options.scramble.subarray(0, 8),
    int(0, 1),
    int(serverCapabilities & 0xffff, 2),
    int(33, 1),
    int(0, 2),
    int(serverCapabilities >>> 16, 2),
    int(21, 1),
    Buffer.alloc(10),
    options.scramble.subarray(8, 20),
    int(0, 1),
    zeroTerminated(authPlugin),
  ]);
}

export type LoginRequest = { user: string; proof: Buffer; db: string; plugin: string };

export function readLogin(packet: Buffer): LoginRequest {
  const reader = new PacketReader(packet);
  const flags = reader.int(4);
  reader.skip(4 + 1 + 23);
  const user = reader.untilZero();
  const proof = readProof(reader, flags);
  const db = flags & clientFlag.connectWithDb && reader.left > 0 ? reader.untilZero() : '';
  const plugin = flags & clientFlag.pluginAuth && reader.left > 0 ? reader.untilZero() : authPlugin;
  return { user, proof, db, plugin };
}

function readProof(reader: PacketReader, flags: number): Buffer {
  if (flags & clientFlag.lengthEncodedAuth) return reader.take(reader.lengthEncoded());
  if (flags & clientFlag.secureConnection) return reader.take(reader.int(1));
  return Buffer.from(reader.untilZero(), 'utf8');
}

/** COM_CHANGE_USER, without the command byte. */
export function readChangeUser(body: Buffer): LoginRequest {
  const reader = new PacketReader(body);
  const user = reader.untilZero();
  const proof = reader.take(reader.int(1));
  const db = reader.left > 0 ? reader.untilZero() : '';
  if (reader.left >= 2) reader.skip(2);
  return { user, proof, db, plugin: reader.left > 0 ? reader.untilZero() : authPlugin };
}

export function authSwitchPacket(scramble: Buffer): Buffer {
  return Buffer.concat([int(0xfe, 1), zeroTerminated(authPlugin), scramble, int(0, 1)]);
}

export function okPacket({ affectedRows, info }: Done, status: number): Buffer {
  const text = info === '' ? Buffer.alloc(0) : lengthEncodedText(info);
  return Buffer.concat([int(0, 1), lengthEncoded(affectedRows), lengthEncoded(0), int(status, 2), int(0, 2), text]);
}

export function errorPacket({ code, sqlState, message }: Pick<SqlError, 'code' | 'sqlState' | 'message'>): Buffer {
  return Buffer.concat([
    int(0xff, 1),
    int(code, 2),
    Buffer.from(`#${sqlState.padEnd(5).slice(0, 5)}${message}`, 'utf8'),
  ]);
}

export function endPacket(status: number): Buffer {
  return Buffer.concat([int(0xfe, 1), int(0, 2), int(status, 2)]);
}

export function columnPacket({ name, type }: Column): Buffer {
  const { code, charset, length } = typeCodes[type];
  return Buffer.concat([
    ...['def', '', '', '', name, name].map(lengthEncodedText),
    int(0x0c, 1),
    int(charset, 2),
    int(length, 4),
    int(code, 1),
    int(0, 2),
    int(0, 1),
    int(0, 2),
  ]);
}

/** One buffer a row, written once: a result may have a hundred thousand of them. */
export function textRowPacket(row: Cell[]): Buffer {
  const sizes = row.map((cell) => (cell === null ? 0 : Buffer.byteLength(cell)));
  // A length takes as many bytes as it needs, up to nine.
  const packet = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size + (size < 0xfb ? 1 : 9), 0));
  let at = 0;
  for (const [index, cell] of row.entries()) {
    const size = sizes[index] ?? 0;
    if (cell === null) at = packet.writeUInt8(0xfb, at);
    else {
      at = size < 0xfb ? packet.writeUInt8(size, at) : at + lengthEncoded(size).copy(packet, at);
      at += packet.write(cell, at);
    }
  }
  return packet.subarray(0, at);
}
