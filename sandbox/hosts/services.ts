import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Services = {
  /** Unit files by name, e.g. `starrocks-be.service`. */
  readonly units: Readonly<Record<string, string>>;
  /**
   * Who may start and stop them: whoever logs in, as root may (`root`); who comes through `sudo -n` (`allowed`); nobody,
   * because sudo wants a password (`refused`); or who comes through `sudo -n` with a command that these lines of sudoers(5)
   * list, word by word.
   */
  readonly sudo: 'root' | 'allowed' | 'refused' | { readonly sudoers: string };
};

/** What a unit file of a sandbox host may say; anything else would be ignored, and hide a difference to systemd. */
const knownSettings =
  /^(\[(Unit|Service)\]|(Description|Type|PIDFile|ExecStart|ExecStop|Environment|TimeoutStopSec)=.+|StartLimit(IntervalSec|Burst)=\d+|Restart=(no|on-failure|always)|RestartSec=\d+|)$/;

/** Puts stand-ins for `systemctl` and `sudo` on the host; returns the directory to put in front of its PATH. */
export async function installServices(dir: string, { units, sudo }: Services): Promise<string> {
  const binDir = join(dir, 'bin');
  const unitDir = join(dir, 'units');
  await Promise.all([mkdir(binDir, { recursive: true }), mkdir(unitDir, { recursive: true })]);
  for (const name of ['systemctl', 'sudo']) {
    await copyFile(fileURLToPath(new URL(`./${name}.sh`, import.meta.url)), join(binDir, name));
    await chmod(join(binDir, name), 0o755);
  }
  await writeFile(join(unitDir, 'policy'), `${typeof sudo === 'string' ? sudo : 'listed'}\n`);
  if (typeof sudo !== 'string') await writeFile(join(dir, 'sudoers'), sudo.sudoers);
  for (const [name, text] of Object.entries(units)) {
    const unknown = text.split('\n').find((line) => !knownSettings.test(line));
    if (unknown !== undefined) throw new Error(`the stand-in for systemd does not know "${unknown}" (${name})`);
    if (!text.includes('Type=forking\n')) throw new Error(`the stand-in for systemd knows Type=forking only (${name})`);
    await writeFile(join(unitDir, name), text);
  }
  return binDir;
}

/** The unit that an operator writes around the scripts of a node: `fe`, `be` or `cn`. */
export function nodeUnit({ kind, deployDir }: { kind: 'fe' | 'be' | 'cn'; deployDir: string }): string {
  return [
    '[Unit]',
    `Description=StarRocks ${kind}`,
    '',
    '[Service]',
    'Type=forking',
    `PIDFile=${deployDir}/bin/${kind}.pid`,
    `ExecStart=${deployDir}/bin/start_${kind}.sh --daemon`,
    `ExecStop=${deployDir}/bin/stop_${kind}.sh -g`,
    'TimeoutStopSec=120',
    '',
  ].join('\n');
}
