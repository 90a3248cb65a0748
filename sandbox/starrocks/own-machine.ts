import { createServer } from 'node:net';

/**
 * Stand-in machines are addresses of one real machine, so each of them shows the processes of all. What a process belongs to
 * is told by the addresses it listens at, and one that does not listen yet might be a node of any of them, of another world's
 * too. Hence a node listens at its own address before it takes the name by which it is found, at a port that nobody asks for,
 * until it ends. Resolves also where that address cannot be listened at: the node will say so of its own ports.
 */
export function listenAtOwnAddress(address: string): Promise<void> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve());
    server.listen({ host: address, port: 0, exclusive: true }, resolve);
    server.unref();
  });
}
