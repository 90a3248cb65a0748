import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Jdk = {
  readonly dir: string;
  readonly major: number;
  /** False makes a JRE: no `javac`. */
  readonly compiler?: boolean;
};

/** Writes a directory that answers like a JDK to whoever asks for its version, which is all that the start scripts do. */
export async function writeJdk({ dir, major, compiler = true }: Jdk): Promise<void> {
  const version = major === 8 ? '1.8.0_412' : `${major}.0.11`;
  await mkdir(join(dir, 'bin'), { recursive: true });
  const java = [
    '#!/usr/bin/env bash',
    'if [[ "$*" != *-version* ]]; then',
    '    echo "this stand-in for a JDK only knows -version" >&2',
    '    exit 1',
    'fi',
    `echo 'openjdk version "${version}" 2024-07-16' >&2`,
    '',
  ].join('\n');
  await writeFile(join(dir, 'bin', 'java'), java, { mode: 0o755 });
  if (compiler) await writeFile(join(dir, 'bin', 'javac'), `#!/bin/sh\necho 'javac ${version}'\n`, { mode: 0o755 });
}
