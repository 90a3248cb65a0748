import { expect, it } from 'vitest';
import { runProgram, runProgramSync } from '../../scripts/lib/run-program.mjs';

const shell = (text: string) => ['-c', text];

it('answers what a program printed', async () => {
  expect(await runProgram('sh', shell('echo one; echo note >&2'))).toBe('one\n');
  expect(runProgramSync('sh', shell('echo one; echo note >&2'))).toBe('one\n');
});

const failures = [
  ['what it said on either output', 'echo no such file; echo gave up >&2; exit 3', 'failed (exit code 3). It said:\n'],
  [
    'the signal that ended it',
    'echo no such file; echo gave up >&2; kill -KILL $$',
    'failed (ended by SIGKILL). It said:\n',
  ],
] as const;

it.each(failures)('shows, when a program fails, %s', async (_, text, how) => {
  const whole = expect.stringMatching(/no such file\n[\s\S]*gave up/);
  await expect(runProgram('sh', shell(text))).rejects.toMatchObject({ message: expect.stringContaining(how) });
  await expect(runProgram('sh', shell(text))).rejects.toMatchObject({ message: whole });
  expect(() => runProgramSync('sh', shell(text))).toThrow(
    expect.objectContaining({ message: expect.stringContaining(how) }),
  );
  expect(() => runProgramSync('sh', shell(text))).toThrow(expect.objectContaining({ message: whole }));
});

it('says so when a program fails and says nothing, or cannot be started', async () => {
  await expect(runProgram('sh', shell('exit 1'))).rejects.toThrow(
    'sh -c exit 1 failed (exit code 1). It said nothing.',
  );
  await expect(runProgram('/no/such/program', [])).rejects.toThrow('/no/such/program failed (not started). It said:\n');
  expect(() => runProgramSync('/no/such/program', [])).toThrow('/no/such/program failed (not started). It said:\n');
});

it('shows the beginning and the end of much that was said', async () => {
  await expect(runProgram('sh', shell('seq 1 100; exit 1'))).rejects.toThrow(/\n20\n… 60 more lines …\n81\n/);
});
