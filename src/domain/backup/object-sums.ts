import { createHash } from 'node:crypto';

/** What lies in a repository of one physical partition, as a sum that does not depend on an order. */
export type PartitionSum = { readonly objects: number; readonly bytes: number; readonly digest: string };

/**
 * By the id of the physical partition. So much is remembered of the objects of a backup when they were first found complete,
 * because as a rule the manifest does not name them, and what was lost since could not be noticed.
 */
export type ObjectSums = ReadonlyMap<number, PartitionSum>;

/** Two numbers of 32 bits for a text; added up they are the digest of a set of texts. */
export type Lanes = { high: number; low: number };

export function lanesOf(text: string): Lanes {
  const digest = createHash('md5').update(text).digest();
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

export function addLanes(sum: Lanes, { high, low }: Lanes): void {
  sum.high = (sum.high + high) >>> 0;
  sum.low = (sum.low + low) >>> 0;
}

export function digestOf({ high, low }: Lanes): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

const rowBytes = 32;

/** 32 bytes for each partition: id, objects, bytes, digest. */
export function encodeSums(sums: ObjectSums): Buffer {
  const buffer = Buffer.alloc(sums.size * rowBytes);
  let at = 0;
  for (const [id, { objects, bytes, digest }] of [...sums].sort(([a], [b]) => a - b)) {
    buffer.writeBigUInt64BE(BigInt(id), at);
    buffer.writeBigUInt64BE(BigInt(objects), at + 8);
    buffer.writeBigUInt64BE(BigInt(bytes), at + 16);
    buffer.write(digest, at + 24, 'hex');
    at += rowBytes;
  }
  return buffer;
}

/** Throws when the bytes are not what `encodeSums` made. */
export function decodeSums(buffer: Buffer): ObjectSums {
  if (buffer.length % rowBytes !== 0) throw new Error('what was remembered of the objects of a backup is cut off');
  const sums = new Map<number, PartitionSum>();
  for (let at = 0; at < buffer.length; at += rowBytes) {
    sums.set(Number(buffer.readBigUInt64BE(at)), {
      objects: Number(buffer.readBigUInt64BE(at + 8)),
      bytes: Number(buffer.readBigUInt64BE(at + 16)),
      digest: buffer.toString('hex', at + 24, at + rowBytes),
    });
  }
  return sums;
}
