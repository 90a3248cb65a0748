import { rmSync, writeFileSync } from 'node:fs';

/** Writes the pid and takes the file away again at a normal exit; a SIGKILL leaves it behind, as on the real thing. */
export function holdPidFile(file: string, { newline }: { newline: boolean }): void {
  writeFileSync(file, newline ? `${process.pid}\n` : String(process.pid));
  process.on('exit', () => rmSync(file, { force: true }));
}
