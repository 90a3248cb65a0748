import type { ProcessId } from '../../domain/process-id.ts';
import type { NodeCall } from './port.ts';

/** A binary may take seconds to write its pid file; if no process is found after this time, it has ended or never began. */
const noProcessMs = 20_000;

/** The process that a start brought up; null = none came up. */
export async function awaitProcess(
  read: (call: NodeCall) => Promise<ProcessId | null>,
  { signal }: NodeCall,
): Promise<ProcessId | null> {
  const until = performance.now() + noProcessMs;
  let running = await read({ signal });
  while (running === null && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    signal.throwIfAborted();
    running = await read({ signal });
  }
  return running;
}
