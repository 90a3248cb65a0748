import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Endpoint } from '../../domain/endpoints.ts';
import type { Known } from '../../domain/known.ts';
import { messageOf } from '../../errors.ts';
import { startDeadline } from '../deadline.ts';
import { askForTls } from './ask-for-tls.ts';

export type CertificateCall = { readonly signal: AbortSignal; readonly timeoutMs: number };

/**
 * When the certificate ends that an endpoint shows, whether or not anybody would trust it, or why nobody can say. The connection
 * is broken off after the handshake: nobody logs in and nothing is sent. Never throws.
 */
export async function readCertificateEnd(
  { kind, host, port }: Omit<Endpoint, 'name'>,
  { signal, timeoutMs }: CertificateCall,
): Promise<Known<Date>> {
  const deadline = startDeadline({ what: `the TLS handshake with ${host}:${port}`, timeoutMs, signal });
  const socket = connectTcp({ host, port });
  // Whoever waits hears of it; without a listener it would end the process.
  socket.on('error', () => undefined);
  try {
    await deadline.race(once(socket, 'connect'));
    if (kind === 'MYSQL') {
      const refusal = await deadline.race(askForTls(socket));
      if (refusal !== null) return { unknown: refusal };
    }
    return await deadline.race(endOf(socket, host));
  } catch (error) {
    return { unknown: messageOf(error) };
  } finally {
    deadline.end();
    socket.destroy();
  }
}

async function endOf(socket: Socket, host: string): Promise<Known<Date>> {
  // One that has ended, or that nobody trusts, is what is looked for.
  const options = { socket, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) };
  const secure = connectTls(options);
  secure.on('error', () => undefined);
  try {
    await once(secure, 'secureConnect');
    const end = new Date(secure.getPeerCertificate().valid_to);
    return Number.isNaN(end.getTime()) ? { unknown: 'it shows no certificate' } : { value: end };
  } finally {
    secure.destroy();
  }
}

function once(socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
  });
}
