import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { z } from 'zod';
import { runCommand, UsageError } from './commands.ts';
import type { World } from './start-world.ts';

/** How a running sandbox is found by another command line: a file that holds its address and a secret. */
export type Control = { close(): Promise<void> };

const controlFile = z.object({ url: z.url(), secret: z.string(), pid: z.number(), world: z.unknown() });
const request = z.object({ words: z.array(z.string()) });

/** Serves commands for a world on a local port, and writes down where in each of `files`, readable by its owner alone. */
export async function openControl(world: World, files: readonly string[]): Promise<Control> {
  const secret = randomBytes(24).toString('base64url');
  const server = createServer((req, res) => void answer(req, res, { world, secret }));
  const port = await listen(server);
  const url = `http://127.0.0.1:${port}`;
  const content = { url, secret, pid: process.pid, world: world.describe() };
  for (const file of files) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.${process.pid}`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.${process.pid}`, file);
  }
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const file of files) {
        const last = await readControlFile(file).catch(() => null);
        if (last?.url === url) await rm(file, { force: true }); // else it is a later sandbox's
      }
    },
  };
}

/** Sends the words of a command line to the sandbox that `file` describes; returns what it answers. */
export async function sendCommand(words: readonly string[], file: string): Promise<string> {
  const { url, secret } = await readControlFile(file);
  const response = await fetch(`${url}/command`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ words }),
    signal: AbortSignal.timeout(60_000),
  }).catch((cause) => {
    throw new Error(`no sandbox answers at ${url}, which ${file} names; it may have been killed`, { cause });
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

async function readControlFile(file: string) {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new Error(`no sandbox is running: there is no ${file}`, { cause });
  });
  return controlFile.parse(JSON.parse(text));
}

type Served = { readonly world: World; readonly secret: string };

async function answer(req: IncomingMessage, res: ServerResponse, { world, secret }: Served): Promise<void> {
  const send = (status: number, text: string) => res.writeHead(status, { 'content-type': 'text/plain' }).end(text);
  try {
    if (!isEqual(req.headers.authorization ?? '', `Bearer ${secret}`)) return void send(401, 'the secret is wrong');
    if (req.method !== 'POST' || req.url !== '/command') return void send(404, 'POST /command is all there is');
    const { words } = request.parse(JSON.parse(await readBody(req)));
    send(200, await runCommand(world, words));
  } catch (error) {
    send(error instanceof UsageError ? 400 : 500, error instanceof Error ? error.message : String(error));
  }
}

function isEqual(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}

async function readBody(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req) {
    text += chunk;
    if (text.length > 100_000) throw new UsageError('the command is too long');
  }
  return text;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : 0);
    });
  });
}
