import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What it says to one statement; `hang` never answers, `hang-up` drops the connection. */
export type Reply =
  | { readonly columns: readonly string[]; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly errno: number; readonly sqlState: string; readonly message: string }
  | 'ok'
  | 'hang'
  | 'hang-up';

export type TinyFrontend = {
  readonly host: string;
  readonly port: number;
  /** Every statement that arrived, in order. */
  readonly statements: string[];
  readonly logins: () => number;
  /** As when the process is restarted: drops all connections without a word. */
  dropAll(): void;
  close(): Promise<void>;
};

/**
 * Just enough of the MySQL protocol to be as unpleasant as a frontend can be at the moment that a test needs. Lets
 * everybody in. How a well-behaved frontend answers is tested elsewhere, against the stand-in of the sandbox.
 */
export async function startTinyFrontend(
  host: string,
  answer: (statement: string) => Reply,
  tls: { readonly key: string; readonly cert: string } | null = null,
): Promise<TinyFrontend> {
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  let logins = 0;
  const talk = (socket: Socket, firstSequence: number) => {
    let isLoggedIn = false;
    forEachPacket(socket, (body, rest) => {
      if (!isLoggedIn && tls !== null && body.length === 32 && firstSequence === 0) {
        // The short packet before the login asks for TLS; the rest of the login comes through it.
        socket.pause().removeAllListeners('data');
        socket.unshift(rest());
        const secure = new TLSSocket(socket, { ...tls, isServer: true });
        secure.on('error', () => socket.destroy());
        return talk(secure, 1);
      }
      if (!isLoggedIn) {
        isLoggedIn = true;
        logins += 1;
        return socket.write(packet(firstSequence + 2, okBody));
      }
      if (body[0] === 0x01) return socket.end();
      if (body[0] !== 0x03) return socket.write(packet(1, okBody));
      const statement = body.toString('utf8', 1);
      statements.push(statement);
      return send(socket, answer(statement));
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    socket.write(packet(0, greeting(tls !== null)));
    talk(socket, 0);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    host,
    port: bound.port,
    statements,
    logins: () => logins,
    dropAll,
    close() {
      dropAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const eofBody = Buffer.from([0xfe, 0, 0, 2, 0]);
const okBody = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

/** Protocol 10, capabilities and plugin as a frontend of 3.4 offers them. */
const greeting = (offersTls: boolean) =>
  Buffer.concat([
    Buffer.from([10]),
    Buffer.from('8.0.33\0'),
    Buffer.from([7, 0, 0, 0]),
    Buffer.from('scramble'),
    Buffer.from([0, 0x0c, offersTls ? 0x8a : 0x82, 33, 0, 0, 0x38, 0x00, 21]),
    Buffer.alloc(10),
    Buffer.from('of-20-bytes.\0mysql_native_password\0'),
  ]);

function send(socket: Socket, reply: Reply): unknown {
  if (reply === 'hang') return null;
  if (reply === 'hang-up') return socket.destroy();
  if (reply === 'ok') return socket.write(packet(1, okBody));
  if ('errno' in reply) {
    const text = Buffer.from(`#${reply.sqlState}${reply.message}`);
    return socket.write(packet(1, Buffer.concat([Buffer.from([0xff]), uint16(reply.errno), text])));
  }
  const { columns, rows } = reply;
  const bodies = [
    Buffer.from([columns.length]),
    ...columns.map(columnBody),
    eofBody,
    ...rows.map((row) => Buffer.concat(row.map(cellBody))),
    eofBody,
  ];
  return socket.write(Buffer.concat(bodies.map((body, index) => packet(index + 1, body))));
}

function columnBody(name: string): Buffer {
  const texts = ['def', '', '', '', name, name].map(cellBody);
  return Buffer.concat([...texts, Buffer.from([0x0c, 33, 0, 255, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0])]);
}

function cellBody(text: string | null): Buffer {
  if (text === null) return Buffer.from([0xfb]);
  const bytes = Buffer.from(text);
  return Buffer.concat([
    bytes.length < 251 ? Buffer.from([bytes.length]) : Buffer.from([0xfc, ...uint16(bytes.length)]),
    bytes,
  ]);
}

function packet(sequence: number, body: Buffer): Buffer {
  return Buffer.concat([uint16(body.length), Buffer.from([0, sequence]), body]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** `rest` takes what came after the packet, so that somebody else can read it. */
function forEachPacket(socket: Socket, take: (body: Buffer, rest: () => Buffer) => void): void {
  let buffered = Buffer.alloc(0);
  const rest = () => {
    const taken = buffered;
    buffered = Buffer.alloc(0);
    return taken;
  };
  socket.on('data', (chunk) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 4 && buffered.length >= 4 + buffered.readUIntLE(0, 3)) {
      const end = 4 + buffered.readUIntLE(0, 3);
      const body = buffered.subarray(4, end);
      buffered = buffered.subarray(end);
      take(body, rest);
    }
  });
}
