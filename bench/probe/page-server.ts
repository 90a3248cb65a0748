import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import { nodesOf } from './layout.ts';
import { createPages } from './page-texts.ts';

/*
 * Answers for every node of every cluster, in a process of its own that is not counted: one socket for all addresses, pages that
 * are made before they are asked for. `GET /counts` at its own address tells how many pages were sent to whom.
 */

const orderShape = z.object({ clusters: z.number(), block: z.number(), dir: z.string() });
const { clusters, block, dir } = orderShape.parse(JSON.parse(process.argv[2] ?? ''));
const stepMs = 5_000;
const pages = createPages({ dir, block });
const nodes = new Map(
  Array.from({ length: clusters }, (_, cluster) =>
    nodesOf(cluster, block).map((node) => [node.host, { node, cluster }] as const),
  ).flat(),
);
const counts = { theirs: 0, ours: 0 };
const startedAt = performance.now();
const stepNow = () => Math.floor((performance.now() - startedAt) / stepMs) + 1;

/** A step is made before it is asked for, so that nobody waits for it. */
function makeStep(step: number): void {
  for (const { node, cluster } of nodes.values()) if (cluster === 0) pages.of(node, cluster, step);
}

function answer(socket: Socket, request: string): void {
  const found = nodes.get(socket.localAddress ?? '');
  if (found === undefined) send(socket, [Buffer.from(JSON.stringify(counts))]);
  else if (!request.startsWith('GET /metrics ')) send(socket, [Buffer.from('{"status":"OK"}')]);
  else {
    if (/^user-agent: *prometheus/im.test(request)) counts.theirs += 1;
    else counts.ours += 1;
    send(socket, pages.of(found.node, found.cluster, stepNow()));
  }
}

function send(socket: Socket, parts: readonly Buffer[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  socket.cork();
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n`);
  for (const part of parts) socket.write(part);
  socket.uncork();
}

const server = createServer((socket) => {
  let waiting = '';
  socket.setNoDelay();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    waiting += chunk.toString('latin1');
    for (let end = waiting.indexOf('\r\n\r\n'); end !== -1; end = waiting.indexOf('\r\n\r\n')) {
      const request = waiting.slice(0, end);
      waiting = waiting.slice(end + 4);
      answer(socket, request);
    }
  });
});

makeStep(stepNow());
setInterval(() => makeStep(stepNow() + 1), stepMs / 2);
server.listen({ host: '0.0.0.0', port: 0, backlog: 2_048 }, () => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server of pages has no port');
  process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${address.port}` })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
