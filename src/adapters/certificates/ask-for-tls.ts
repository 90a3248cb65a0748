import type { Socket } from 'node:net';

/** The protocol of MySQL: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html */
const headerBytes = 4;
const protocol10 = 10;
const errorPacket = 0xff;
/** Thread id, first part of the challenge, a filler: what stands between the version and the capabilities. */
const beforeCapabilities = 4 + 8 + 1;
const longestGreeting = 4_096;
const clientProtocol41 = 0x0200;
const clientSsl = 0x0800;
const clientSecureConnection = 0x8000;
const utf8mb4 = 45;

/**
 * Waits for the greeting of a MySQL port and asks it to go on in TLS, as a client does before it logs in. Null = the handshake
 * may begin; otherwise why it cannot. Rejects when the connection ends before.
 */
export async function askForTls(socket: Socket): Promise<string | null> {
  const greeting = await readPacket(socket);
  if (greeting === null) return 'it does not greet as MySQL does';
  if (greeting[0] === errorPacket) return `it lets nobody log in: ${greeting.toString('utf8', 3, 200)}`;
  const versionEnd = greeting.indexOf(0, 1);
  const at = versionEnd + 1 + beforeCapabilities;
  if (greeting[0] !== protocol10 || versionEnd < 0 || greeting.length < at + 2)
    return 'it does not greet as MySQL does';
  if ((greeting.readUInt16LE(at) & clientSsl) === 0) return 'it offers no TLS';
  socket.write(sslRequest());
  return null;
}

/** The first packet, and nothing after it: a server says no more until it is asked. Null = it is none. */
function readPacket(socket: Socket): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    let seen = Buffer.alloc(0);
    const end = (packet: Buffer | null) => {
      socket.off('data', take);
      socket.pause();
      resolve(packet);
    };
    const take = (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.length < headerBytes) return;
      const length = seen.readUIntLE(0, 3);
      if (length === 0 || length > longestGreeting) return end(null);
      if (seen.length >= headerBytes + length) end(seen.subarray(headerBytes, headerBytes + length));
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed before the greeting')));
  });
}

function sslRequest(): Buffer {
  const body = Buffer.alloc(32);
  body.writeUInt32LE(clientProtocol41 | clientSsl | clientSecureConnection, 0);
  body.writeUInt32LE(0xffffff, 4);
  body.writeUInt8(utf8mb4, 8);
  const header = Buffer.from([body.length, 0, 0, 1]);
  return Buffer.concat([header, body]);
}
