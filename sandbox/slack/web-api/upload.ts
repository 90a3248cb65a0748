import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Core } from '../core.ts';

export type Upload = { readonly id: string; readonly raw: IncomingMessage; readonly body: Buffer };

/** Takes a file's bytes at the address that `files.getUploadURLExternal` gave: bare, or as the one file of a form. */
export async function handleUpload(core: Core, { id, raw, body }: Upload, response: ServerResponse): Promise<void> {
  const answer = (status: number, text: string) =>
    void response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  const file = core.workspace.files.get(id);
  if (file === undefined) return answer(404, 'no such upload');
  if (file.expiresAt < core.clock.now()) return answer(410, 'upload expired');
  const bytes = await bytesOf(raw.headers['content-type'] ?? '', body);
  if (bytes === null) return answer(400, 'no file in the form');
  if (bytes.length !== file.length) return answer(400, `announced ${file.length} bytes, got ${bytes.length}`);
  file.bytes = bytes;
  answer(200, `OK - ${bytes.length}`);
}

async function bytesOf(contentType: string, body: Buffer): Promise<Buffer | null> {
  if (!contentType.startsWith('multipart/form-data')) return body;
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  for (const value of form.values()) if (typeof value !== 'string') return Buffer.from(await value.arrayBuffer());
  return null;
}
