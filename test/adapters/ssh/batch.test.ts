import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batched } from '../../../src/adapters/ssh/batch.ts';
import type { ShellCommand } from '../../../src/adapters/ssh/port.ts';
import { createSsh, type Ssh } from '../../../src/adapters/ssh/ssh2.ts';
import { type HostFixture, startHostFixture } from './host-fixture.ts';

let fixture: HostFixture;
let ssh: Ssh;

beforeAll(async () => {
  fixture = await startHostFixture('127.0.44.21');
  ssh = createSsh();
});
afterAll(async () => {
  await ssh?.close();
  await fixture?.stop();
});

const read = (text: string): ShellCommand => ({ name: 'test', text, effect: 'read' });
const sentSince = async (before: number) => (await fixture.loggedCommands()).length - before;

describe('questions asked of a host at the same moment', () => {
  it('go in one session, and each gets its own output, errors and exit code', async () => {
    const shell = batched(ssh.shell(fixture.target()));
    const before = (await fixture.loggedCommands()).length;
    const answers = await Promise.all([
      shell.run(read('echo one; exit 3; echo never')),
      shell.run(read('printf "no newline"; echo bad >&2')),
      shell.run(read('true')),
      shell.run(read('echo "a b"\necho c; cd /; false')),
      shell.run(read('pwd; cat')),
    ]);
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([3, 0, 0, 1, 0]);
    expect(answers.map(({ stdout }) => stdout).slice(0, 4)).toEqual(['one\n', 'no newline', '', 'a b\nc\n']);
    expect(answers[4]?.stdout).not.toBe('/\n');
    expect(answers.map(({ stderr }) => stderr)).toEqual(['', 'bad\n', '', '', '']);
    expect(await sentSince(before)).toBe(1);
  });

  it('stay apart from changes, and from what is asked later', async () => {
    const shell = batched(ssh.shell(fixture.target()));
    const before = (await fixture.loggedCommands()).length;
    const [first, change] = await Promise.all([
      shell.run(read('echo read')),
      shell.run({ name: 'change', text: 'echo changed', effect: 'change' }),
    ]);
    const later = await shell.run(read('echo later'));
    expect([first.stdout, change.stdout, later.stdout]).toEqual(['read\n', 'changed\n', 'later\n']);
    expect(await sentSince(before)).toBe(3);
  });

  it('are asked again alone when too much was said before them', async () => {
    const shell = batched(ssh.shell(fixture.target()));
    const [, second] = await Promise.all([
      shell.run(read('head -c 1500000 /dev/zero | tr "\\0" x')),
      shell.run(read('echo still here')),
    ]);
    expect(second.stdout).toBe('still here\n');
  });

  it('fail together when the host does not answer', async () => {
    const shell = batched(ssh.shell(fixture.target({ port: 1 })));
    const answers = await Promise.allSettled([shell.run(read('true')), shell.run(read('true'))]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
