import { open } from 'node:fs/promises';

/** Flips the bits of some bytes in the middle of an archive: its size stays, its checksum and its content do not. */
export async function corruptArchive(path: string, { bytes = 64 }: { readonly bytes?: number } = {}): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  const count = Math.min(bytes, size);
  const position = Math.floor((size - count) / 2);
  const { buffer } = await file.read(Buffer.alloc(count), 0, count, position);
  await file.write(
    buffer.map((byte) => byte ^ 0xff),
    0,
    count,
    position,
  );
}

/** Cuts an archive off after a share of it, as a copy that was broken off leaves it. */
export async function truncateArchive(path: string, { keep = 0.5 }: { readonly keep?: number } = {}): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.truncate(Math.floor(size * keep));
}
