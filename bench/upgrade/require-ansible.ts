import { canInstallPackages, installPackages } from '../../scripts/lib/apt.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { Told } from '../../scripts/lib/say.mjs';

/** The programs that the playbook needs on the machine it is run from, and the Debian packages that have them. */
const needed = [
  { program: 'ansible-playbook', packages: ['ansible'] },
  { program: 'mysql', packages: ['mariadb-client-core', 'mariadb-client', 'default-mysql-client'] },
  { program: 'ssh', packages: ['openssh-client'] },
  { program: 'curl', packages: ['curl'] },
] as const;

export type Machine = {
  /** The path of a program, or null. */
  find(names: readonly string[]): string | null;
  mayInstall(): boolean;
};

const thisMachine: Machine = { find: findExecutable, mayInstall: canInstallPackages };

/** Installs what is missing, as the bootstrap does. Throws `Told` where that cannot be. */
export function requireAnsible(say: (line: string) => void, machine: Machine = thisMachine): void {
  const isMissing = ({ program }: { readonly program: string }) => machine.find([program]) === null;
  const missing = needed.filter(isMissing);
  if (missing.length === 0) return;
  const names = missing.map(({ packages }) => packages[0]).join(' ');
  const hint = `The benchmark compares with Ansible. Install it with \`sudo apt-get install ${names}\`.`;
  if (!machine.mayInstall()) throw new Told(`Not found: ${missing.map(({ program }) => program).join(', ')}.`, hint);
  say(`installing ${names} with apt-get`);
  try {
    installPackages(missing.map(({ packages }) => packages.map((name) => [name])));
  } catch (error) {
    throw new Told(`${error instanceof Error ? error.message : error}.`, hint);
  }
  const still = missing.filter(isMissing).map(({ program }) => program);
  if (still.length > 0) throw new Told(`Installed, but still not found: ${still.join(', ')}.`, hint);
}
