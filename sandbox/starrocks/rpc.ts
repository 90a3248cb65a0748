import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What the nodes say to each other (the place of Thrift and BDB JE): one JSON line asked, one JSON line answered,
 * one connection a call. A contract names each method with its request and its reply.
 */
export type Contract<C> = { [M in keyof C]: [request: unknown, reply: unknown] };
export type Handlers<C extends Contract<C>> = { [M in keyof C]: (request: C[M][0]) => Promise<C[M][1]> | C[M][1] };
export type Address = { host: string; port: number };

const longestLine = 256 * 1024 * 1024;

/** The far side answered, and its answer is an error (a refused connection is an ordinary Error with a `code`). */
export class RemoteError extends Error {}

/** The far side took the call and went away without an answer: nobody knows what it did. */
export class ClosedByPeer extends Error {
  constructor() {
    super('Socket is closed by peer.');
  }
}

export function callNode<C extends Contract<C>, M extends keyof C & string>(
  target: Address,
  method: M,
  request: C[M][0],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<C[M][1]> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port });
    const chunks: Buffer[] = [];
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = () => finish(() => reject(new Error('aborted')));
    const timer = setTimeout(() => finish(() => reject(timeoutError(target))), timeoutMs);
    signal?.addEventListener('abort', onAbort);
    socket.on('connect', () => socket.write(`${JSON.stringify({ method, request })}\n`));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => finish(() => reject(error)));
    socket.on('end', () => finish(() => settleReply(Buffer.concat(chunks), resolve, reject)));
  });
}

export function serveRpc<C extends Contract<C>>(address: Address, handlers: Handlers<C>): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    readLine(socket, (line) => answer(handlers, line, socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.port, address.host, () => resolve(server));
  });
}

/** Whether somebody listens there now. */
export function isPortUsed({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (used: boolean) => {
      socket.destroy();
      resolve(used);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function readLine(socket: Socket, onLine: (line: string) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > longestLine) return void socket.destroy();
    if (chunk.at(-1) !== 10) return;
    socket.removeAllListeners('data');
    onLine(Buffer.concat(chunks).toString('utf8'));
  });
  socket.on('end', () => socket.end());
}

async function answer(handlers: object, line: string, socket: Socket): Promise<void> {
  let reply: string;
  try {
    const { method, request } = JSON.parse(line);
    if (!Object.hasOwn(handlers, method)) throw new Error(`unknown method ${method}`);
    reply = JSON.stringify({ result: (await Reflect.get(handlers, method)(request)) ?? null });
  } catch (error) {
    reply = JSON.stringify({ error: error instanceof Error ? error.message : String(error) });
  }
  if (!socket.destroyed) socket.end(`${reply}\n`);
}

function settleReply<R>(bytes: Buffer, resolve: (value: R) => void, reject: (error: unknown) => void): void {
  try {
    if (bytes.length === 0) throw new ClosedByPeer();
    const reply = JSON.parse(bytes.toString('utf8'));
    if (typeof reply.error === 'string') reject(new RemoteError(reply.error));
    else resolve(reply.result);
  } catch (error) {
    reject(error);
  }
}

/** The words of the Java client library, which is what ends up in ErrMsg and in the answers to forwarded statements. */
export function javaText(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ECONNREFUSED') return 'java.net.ConnectException: Connection refused';
    if (error.code === 'ETIMEDOUT') return 'java.net.SocketTimeoutException: Read timed out';
    if (error.code === 'EHOSTUNREACH') return 'java.net.NoRouteToHostException: No route to host';
    return 'java.net.SocketException: Connection reset';
  }
  return error instanceof Error ? error.message : String(error);
}

function timeoutError(target: Address): Error {
  return Object.assign(new Error(`no answer from ${target.host}:${target.port}`), { code: 'ETIMEDOUT' });
}
