import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** A loopback network of 256 addresses that belongs to one world until it is released. */
export type AddressBlock = {
  /** `127.31.7`, to which a host adds its own number. */
  readonly prefix: string;
  address(hostNumber: number): string;
  release(): Promise<void>;
};

/** Listening here is what it means to own a block; nothing is ever served. */
const guardPort = 47_123;

/** Claims a loopback block that no other world has, whichever process that world runs in. Linux only: 127.0.0.0/8 is all local. */
export async function claimAddressBlock(): Promise<AddressBlock> {
  for (let tries = 0; tries < 64; tries += 1) {
    const prefix = `127.${randomInt(16, 250)}.${randomInt(0, 256)}`;
    const guard = await listen(`${prefix}.1`, guardPort);
    if (guard === null) continue;
    return {
      prefix,
      address: (hostNumber) => `${prefix}.${hostNumber}`,
      release: () => close(guard),
    };
  }
  throw new Error(`no free loopback block: port ${guardPort} is taken on 64 addresses below 127.0.0.0/8`);
}

/** The ports that can be bound now on an address, of those given. */
export async function isFree(address: string, port: number): Promise<boolean> {
  const server = await listen(address, port);
  if (server === null) return false;
  await close(server);
  return true;
}

/** Listens on a port as another program would, until what it returns is called. */
export async function occupyPort(address: string, port: number): Promise<() => Promise<void>> {
  const server = await listen(address, port);
  if (server === null) throw new Error(`${address}:${port} is taken already`);
  return () => close(server);
}

function listen(host: string, port: number): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => ('code' in error && error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen({ host, port, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
