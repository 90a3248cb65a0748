import { canInstallPackages, installPackages } from '../../scripts/lib/apt.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { Told } from '../../scripts/lib/say.mjs';

/** A program, and the Debian packages that have it, the usual one first. */
export type Need = { readonly program: string; readonly packages: readonly [string, ...string[]] };

export type Machine = {
  /** The path of a program, or null. */
  find(names: readonly string[]): string | null;
  mayInstall(): boolean;
};

const thisMachine: Machine = { find: findExecutable, mayInstall: canInstallPackages };

type Requiring = {
  readonly needed: readonly Need[];
  /** Whom the benchmark compares with. */
  readonly rivals: string;
  readonly say: (line: string) => void;
  readonly machine?: Machine;
};

/** Installs what is missing, as the bootstrap does. Throws `Told` where that cannot be. */
export function requirePrograms({ needed, rivals, say, machine = thisMachine }: Requiring): void {
  const isMissing = ({ program }: Need) => machine.find([program]) === null;
  const missing = needed.filter(isMissing);
  if (missing.length === 0) return;
  const names = missing.map(({ packages }) => packages[0]).join(' ');
  const hint = `The benchmark compares with ${rivals}. Install it with \`sudo apt-get install ${names}\`.`;
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
