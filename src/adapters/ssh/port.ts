/** A command made by `commands.ts`, the only place that writes shell text. */
export type ShellCommand<Effect extends 'read' | 'change' = 'read' | 'change'> = {
  readonly text: string;
  /** A short constant name for logs and metrics, e.g. `stop-backend`. */
  readonly name: string;
  readonly effect: Effect;
};

export type ReadCommand = ShellCommand<'read'>;

export type ShellCall = {
  /**
   * Milliseconds for the whole call, connecting included. Default 30,000. Then the remote process group is killed, which
   * may take some seconds more; the message says whether anything may still be running.
   */
  readonly timeoutMs?: number;
  /** When it fires, the remote process group is killed and the call throws `CANCELED`. */
  readonly signal?: AbortSignal;
  /** Called for each complete line of output as it comes, secrets already redacted. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Fed to the command's standard input; secrets are passed in this way, never on the command line. */
  readonly stdin?: string;
  /** Replaced by `***` wherever the output shows them. */
  readonly secrets?: readonly string[];
};

/** Output, redacted like the lines. The first 1 MiB of each stream is kept; a last line says when there was more. */
export type ShellResult = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/**
 * A shell on one host. A non-zero exit is a result, not an error. Throws `AppError` `SSH_UNREACHABLE` (retryable),
 * `SSH_AUTH_FAILED`, `HOST_KEY_UNKNOWN` (the message holds the fingerprint), `HOST_KEY_CHANGED`, `TIMEOUT`, `CANCELED`;
 * `SSH_NO_SHELL` when the login ended without running the command, whatever it printed and whatever its exit code was;
 * `COMMAND_FAILED` when the command was killed; `SSH_ANSWER_LOST` when the connection broke before the exit code came:
 * then nobody knows whether a change happened, so ask the host.
 */
export interface Shell {
  readonly run: (command: ShellCommand, call?: ShellCall) => Promise<ShellResult>;
  /**
   * Writes a local file to `remotePath` through a temporary name and a rename: over SFTP, or through a command where the host
   * has none.
   */
  upload(file: Upload, call?: ShellCall): Promise<void>;
}

/** The part of a shell that only reads: a command that changes something does not fit its type. */
export interface ShellReader {
  readonly run: (command: ReadCommand, call?: ShellCall) => Promise<ShellResult>;
}

export type Upload = {
  readonly localPath: string;
  readonly remotePath: string;
  /** Permissions of the remote file. Default 0o644. */
  readonly mode?: number;
  /**
   * Continue after the bytes that an earlier upload left in `<remotePath>.part`, and leave that file there when this one
   * fails too. A remote file of the right size counts as complete: only sizes are compared, so the caller has to compare
   * a checksum.
   */
  readonly resume?: boolean;
  /** Called with the number of bytes that are on the host, at most twice a second, and at the end. */
  readonly onProgress?: (bytes: number) => void;
};

/** How to reach a host. Secrets are resolved inside the adapter. */
export type SshTarget = {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly auth:
    | {
        readonly kind: 'key';
        readonly privateKey: () => Promise<string>;
        readonly passphrase: (() => Promise<string>) | null;
      }
    | { readonly kind: 'agent'; readonly socketPath: string };
  /** `SHA256:…` as OpenSSH prints it; null = not pinned yet, every connection is refused with `HOST_KEY_UNKNOWN`. */
  readonly hostKeyFingerprint: string | null;
  readonly jump: SshTarget | null;
};
