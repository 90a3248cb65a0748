import { canInstallPackages, installPackages } from '../../scripts/lib/apt.mjs';
import { findExecutable } from '../../scripts/lib/programs.mjs';
import { runProgram } from '../../scripts/lib/run-program.mjs';
import { Told } from '../../scripts/lib/say.mjs';

/** Debian keeps `venv` apart from Python; without it `python3 -m venv` ends with an error. */
const packages = ['python3', 'python3-venv'];
const hint = `The benchmark compares with starrocks-br. Install Python with \`sudo apt-get install ${packages.join(' ')}\`.`;

/** The path of a Python that can make environments; installs one where that is possible. Throws `Told` where it is not. */
export async function requirePython(say: (line: string) => void): Promise<string> {
  const found = await findPython();
  if (found !== null) return found;
  if (!canInstallPackages()) throw new Told('Not found: a Python 3 with venv.', hint);
  say(`installing ${packages.join(' ')} with apt-get`);
  installPackages(packages.map((name) => [[name]]));
  const installed = await findPython();
  if (installed === null) throw new Told('Installed, but there is still no Python 3 with venv.', hint);
  return installed;
}

async function findPython(): Promise<string | null> {
  const python = findExecutable(['python3']);
  if (python === null) return null;
  return runProgram(python, ['-c', 'import ensurepip, venv']).then(
    () => python,
    () => null,
  );
}
