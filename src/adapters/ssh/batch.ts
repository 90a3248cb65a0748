import type { ReadCommand, Shell, ShellCall, ShellCommand, ShellReader, ShellResult } from './port.ts';

type Waiting = {
  readonly command: ReadCommand;
  readonly call: ShellCall;
  resolve(result: ShellResult): void;
  reject(error: unknown): void;
};

/** The same shell with reads joined into batches; each change goes by itself. */
export function batched(shell: Shell): Shell {
  const reads = batchedReads(shell);
  return {
    upload: shell.upload,
    run: (command, call) => (isRead(command) ? reads.run(command, call) : shell.run(command, call)),
  };
}

function isRead(command: ShellCommand): command is ReadCommand {
  return command.effect === 'read';
}

/**
 * The same shell, but reads of the same moment go in one session: one round trip to the host and one process there,
 * instead of one for each question. Calls that want lines or pass input go by themselves.
 */
export function batchedReads(shell: ShellReader): ShellReader {
  let waiting: Waiting[] = [];
  const send = async () => {
    const batch = waiting;
    waiting = [];
    const [first] = batch;
    if (first === undefined) return;
    if (batch.length === 1) {
      shell.run(first.command, first.call).then(first.resolve, first.reject);
      return;
    }
    const marker = `starwarden:${crypto.randomUUID()}`;
    try {
      const { timeoutMs, signal } = first.call;
      const joined = joinReads(
        batch.map(({ command }) => command),
        marker,
      );
      const call = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) };
      const results = splitAnswers(await shell.run(joined, call), { marker, count: batch.length });
      batch.forEach((each, index) => {
        const result = results[index];
        if (result === undefined) shell.run(each.command, each.call).then(each.resolve, each.reject);
        else each.resolve(result);
      });
    } catch (error) {
      for (const each of batch) each.reject(error);
    }
  };
  return {
    run: (command, call = {}) => {
      if (call.onLine !== undefined || call.stdin !== undefined) return shell.run(command, call);
      return new Promise((resolve, reject) => {
        waiting.push({ command, call, resolve, reject });
        // Sent only after everything that is ready to ask has asked.
        if (waiting.length === 1) setImmediate(() => void send());
      });
    },
  };
}

/**
 * Runs each command in a shell of its own, so that its `exit` ends nothing else; a line after each shows where its output
 * ends, and its exit code.
 */
function joinReads(commands: readonly ReadCommand[], marker: string): ReadCommand {
  const text = commands
    .map(
      (command) =>
        `(\n${command.text}\n) </dev/null; printf '\\n%s %s\\n' '${marker}' $?; printf '\\n%s\\n' '${marker}' >&2`,
    )
    .join('\n');
  return {
    name: commands
      .map(({ name }) => name)
      .join('+')
      .slice(0, 200),
    text,
    effect: 'read',
  };
}

/** The answers in their order; a missing one was cut off. */
function splitAnswers(
  { stdout, stderr }: ShellResult,
  { marker, count }: { marker: string; count: number },
): readonly (ShellResult | undefined)[] {
  const outs = stdout.split(`\n${marker} `);
  const errors = stderr.split(`\n${marker}\n`);
  return Array.from({ length: count }, (_each, index) => {
    // A marker is followed by the exit code on its line, then by the output of the next command.
    const [before, after] = [outs[index], outs[index + 1]];
    const exitCode = after === undefined ? undefined : /^\d+/.exec(after)?.[0];
    if (before === undefined || exitCode === undefined) return undefined;
    return {
      stdout: index === 0 ? before : before.slice(before.indexOf('\n') + 1),
      stderr: errors[index] ?? '',
      exitCode: Number(exitCode),
    };
  });
}
