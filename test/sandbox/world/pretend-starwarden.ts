/** The least that the sandbox needs from Starwarden: the listening line, /readyz after a while, and an end on SIGTERM. */
import { createServer } from 'node:http';
import process, { env } from 'node:process';

if (env.PRETEND_TO_FAIL !== undefined) {
  console.error(env.PRETEND_TO_FAIL);
  process.exit(1);
}
const startedAt = Date.now();
const server = createServer((req, res) => {
  if (req.url === '/readyz') return void res.writeHead(Date.now() - startedAt > 200 ? 200 : 503).end();
  res.end(JSON.stringify(env));
});
server.listen({ host: '127.0.0.1', port: Number(env.PORT) }, () => {
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('not listening');
  console.log('{"event":"starting"}');
  console.log('not JSON');
  console.log(JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${bound.port}` }));
});
process.on('SIGTERM', () => {
  console.log('{"event":"stopped"}');
  process.exit(0);
});
