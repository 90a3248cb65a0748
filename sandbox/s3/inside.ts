import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

export type StoredObject = { readonly key: string; readonly bytes: number; readonly etag: string };

/** The objects behind the gate. Nothing of it is seen in the log of requests, and no fault strikes it. */
export type S3Inside = {
  list(bucket: string, prefix?: string): Promise<StoredObject[]>;
  read(bucket: string, key: string): Promise<Buffer>;
  put(bucket: string, key: string, content: string | Buffer): Promise<void>;
  remove(bucket: string, key: string): Promise<void>;
  /** Keeps so many bytes of the object's beginning. */
  truncate(bucket: string, key: string, bytes: number): Promise<void>;
  /** Changes one byte and nothing of the length. The object must not be empty. */
  flip(bucket: string, key: string): Promise<void>;
  close(): void;
};

/** `port` is that of the store itself, which asks nobody who they are. */
export function openInside(port: number): S3Inside {
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'inside', secretAccessKey: 'inside' },
  });
  const inside: S3Inside = {
    async list(bucket, prefix = '') {
      const found: StoredObject[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token && { ContinuationToken: token }) }),
        );
        for (const { Key = '', Size = 0, ETag = '' } of page.Contents ?? [])
          found.push({ key: Key, bytes: Size, etag: ETag.replaceAll('"', '') });
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return found;
    },
    async read(bucket, key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    async put(bucket, key, content) {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: content }));
    },
    async remove(bucket, key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
    async truncate(bucket, key, bytes) {
      await inside.put(bucket, key, (await inside.read(bucket, key)).subarray(0, bytes));
    },
    async flip(bucket, key) {
      const content = await inside.read(bucket, key);
      if (content.length === 0) throw new Error(`${key} is empty`);
      content.writeUInt8(content.readUInt8(0) ^ 0xff, 0);
      await inside.put(bucket, key, content);
    },
    close: () => client.destroy(),
  };
  return inside;
}
