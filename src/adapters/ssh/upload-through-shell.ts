import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { AppError, messageOf } from '../../errors.ts';
import type { ShellCommand, ShellResult, Upload } from './port.ts';
import { arrivedBytes, parseArrived, receiveFile } from './upload-commands.ts';

type Run = (command: ShellCommand, input?: NodeJS.ReadableStream) => Promise<ShellResult>;

/**
 * Uploads through the standard input of a command, where the host has no SFTP; everything that `Upload` promises holds
 * too.
 */
export async function uploadThroughShell(file: Upload, { run, where }: { run: Run; where: string }): Promise<void> {
  const { remotePath, resume = false, onProgress } = file;
  const temporary = `${remotePath}${resume ? '' : `.${crypto.randomUUID()}`}.part`;
  const failed = (why: string, cause?: unknown) =>
    new AppError('COMMAND_FAILED', `${remotePath} could not be written on ${where}: ${why}`, {
      hint: 'Check that the directory exists, that the user may write there, and that there is space',
      cause,
    });
  const { size } = await stat(file.localPath).catch((error: unknown) => {
    throw failed(messageOf(error), error);
  });
  const arrived = resume ? parseArrived((await run(arrivedBytes({ remotePath, temporary }))).stdout) : null;
  if (arrived?.whole === size) return onProgress?.(size);
  const from = arrived?.part != null && arrived.part <= size ? arrived.part : 0;
  const local = createReadStream(file.localPath, { start: from });
  const telling = setInterval(() => onProgress?.(from + local.bytesRead), 500);
  try {
    const receiving = { remotePath, temporary, from, sizeBytes: size, mode: file.mode ?? 0o644, keepsPart: resume };
    const { exitCode, stderr } = await run(receiveFile(receiving), local);
    if (exitCode !== 0) throw failed(stderr.trim() || `exit code ${exitCode}`);
    onProgress?.(size);
  } finally {
    clearInterval(telling);
    local.destroy();
  }
}
