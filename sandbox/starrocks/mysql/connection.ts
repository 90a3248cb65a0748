import type { Socket } from 'node:net';
import { SqlError } from '../sql/errors.ts';
import { authPlugin, authSwitchPacket, type Done, errorPacket, type LoginRequest, okPacket } from './packets.ts';
import { int } from './wire.ts';

/** Longer texts come in several packets, which nothing that talks to the stand-in needs. */
const largestPacket = 0xffffff - 1;

/** Packets over a socket: cuts the stream into packets, hands them out one by one, numbers what is sent. */
export class PacketStream {
  readonly socket: Socket;
  private buffered: Buffer = Buffer.alloc(0);
  private sequence = 0;
  private readonly waiting: { sequence: number; body: Buffer }[] = [];
  private wake: (() => void) | null = null;
  private closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.feed(chunk));
    socket.on('close', () => this.close());
    socket.on('error', () => socket.destroy());
  }

  /** The next packet, or null when the peer is gone. */
  async read(): Promise<Buffer | null> {
    while (this.waiting.length === 0) {
      if (this.closed) return null;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const packet = this.waiting.shift();
    if (!packet) return null;
    this.sequence = packet.sequence + 1;
    return packet.body;
  }

  /** Answers to one command: their numbers go on from the number of the command. */
  write(...bodies: Buffer[]): void {
    this.writeAll(bodies);
  }

  /** The same for many: more than a call can have arguments. */
  writeAll(bodies: readonly Buffer[]): void {
    if (this.socket.destroyed) return;
    const framed = bodies.flatMap((body) => [int(body.length, 3), int(this.sequence++ & 0xff, 1), body]);
    this.socket.write(Buffer.concat(framed));
  }

  private feed(chunk: Buffer): void {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    while (this.buffered.length >= 4) {
      const length = this.buffered.readUIntLE(0, 3);
      if (length > largestPacket) return void this.socket.destroy();
      if (this.buffered.length < 4 + length) break;
      this.waiting.push({ sequence: this.buffered.readUInt8(3), body: this.buffered.subarray(4, 4 + length) });
      this.buffered = this.buffered.subarray(4 + length);
    }
    this.notify();
  }

  private close(): void {
    this.closed = true;
    this.notify();
  }

  private notify(): void {
    this.wake?.();
    this.wake = null;
  }
}

/** Brings a login to its end, with the detour over AuthSwitch when the client came with another plugin. */
export async function completeLogin(
  stream: PacketStream,
  login: LoginRequest,
  scramble: Buffer,
): Promise<LoginRequest | null> {
  if (login.plugin === authPlugin || login.plugin === '') return login;
  stream.write(authSwitchPacket(scramble));
  const proof = await stream.read();
  return proof === null ? null : { ...login, proof, plugin: authPlugin };
}

export function writeOk(stream: PacketStream, done: Done, status = 0): void {
  stream.write(okPacket(done, status));
}

export function writeError(stream: PacketStream, error: unknown): void {
  const known = error instanceof SqlError ? error : new SqlError(1064, 'HY000', describe(error));
  stream.write(errorPacket(known));
}

function describe(error: unknown): string {
  return error instanceof Error ? `Unexpected exception: ${error.message}` : String(error);
}
