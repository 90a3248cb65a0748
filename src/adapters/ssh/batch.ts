import type { ReadCommand, Shell, ShellCall, ShellCommand, ShellReader, ShellResult } from './port.ts';

type Waiting = {
  readonly command: ReadCommand;
  readonly call: ShellCall;
  resolve(result: ShellResult): void;
  reject(error: unknown): void;
};

/** The same shell with its reads joined; changes go on their own. */
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
 * The same shell, but what is asked of it at the same moment goes in one session: a way to the host and back, and a
 * process there, instead of one for each question. Calls that want lines or hand over input go on their own.
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
        // After everything that is ready to ask has asked.
        if (waiting.length === 1) setImmediate(() => void send());
      });
    },
  };
}

/** Each in a shell of its own, so that its `exit` ends nothing else; a line behind each tells where it ends and how. */
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

/** The answers in their order; one that is missing was cut off. */
function splitAnswers(
  { stdout, stderr }: ShellResult,
  { marker, count }: { marker: string; count: number },
): readonly (ShellResult | undefined)[] {
  const outs = stdout.split(`\n${marker} `);
  const errors = stderr.split(`\n${marker}\n`);
  return Array.from({ length: count }, (_each, index) => {
    // What follows a marker is the exit code on its line, then the output of the next one.
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
