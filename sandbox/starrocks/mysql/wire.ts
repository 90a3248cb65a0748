/** Reading and writing the scalar types of the MySQL client/server protocol. */

export class PacketReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  skip(count: number): void {
    this.take(count);
  }

  take(count: number): Buffer {
    if (count > this.left) throw new RangeError('packet ends too early');
    const part = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return part;
  }

  int(size: 1 | 2 | 3 | 4): number {
    return this.take(size).readUIntLE(0, size);
  }

  lengthEncoded(): number {
    const first = this.int(1);
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.int(2);
    if (first === 0xfd) return this.int(3);
    return Number(this.take(8).readBigUInt64LE(0));
  }

  untilZero(): string {
    const end = this.bytes.indexOf(0, this.at);
    const text = this.take((end < 0 ? this.bytes.length : end) - this.at).toString('utf8');
    if (end >= 0) this.at++;
    return text;
  }

  rest(): Buffer {
    return this.take(this.left);
  }
}

export function int(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
}

export function lengthEncoded(value: number): Buffer {
  if (value < 0xfb) return int(value, 1);
  if (value < 0x10000) return Buffer.concat([int(0xfc, 1), int(value, 2)]);
  if (value < 0x1000000) return Buffer.concat([int(0xfd, 1), int(value, 3)]);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfe;
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}

export function lengthEncodedText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([lengthEncoded(bytes.length), bytes]);
}

export function zeroTerminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}
