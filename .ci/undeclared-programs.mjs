/**
 * Prints the programs of this Debian, one path a line, that a bare machine would not have after the bootstrap: what belongs to
 * no required package, nor to those that the bootstrap brings for the need given as the argument, nor to what they depend on.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { needs, programs } from '../scripts/lib/programs.mjs';

const directories = ['/usr/bin', '/usr/sbin'];
const need = needs[process.argv[2]];
if (need === undefined) throw new Error(`no such need: ${process.argv[2]}; there are ${Object.keys(needs).join(', ')}`);

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills these in
const format = '${db:Status-Status}\t${Package}\t${Essential}\t${Priority}\t${Pre-Depends}, ${Depends}\t${Provides}\n';
const installed = new Map();
for (const line of execFileSync('dpkg-query', ['-W', '-f', format], { encoding: 'utf8' }).split('\n')) {
  const [status, name, essential, priority, depends = '', provides = ''] = line.split('\t');
  if (status !== 'installed') continue;
  installed.set(name, { isBasic: essential === 'yes' || priority === 'required', depends: namesIn(depends) });
  for (const virtual of namesIn(provides))
    if (!installed.has(virtual)) installed.set(virtual, { isBasic: false, depends: [name] });
}

function namesIn(list) {
  return list
    .split(/[,|]/)
    .map((entry) => entry.trim().split(/[\s(:]/)[0])
    .filter((name) => name !== '');
}

const wanted = [...need.flatMap((program) => programs[program].apt.flat()), 'git', 'ca-certificates'];
const allowed = new Set();
const open = [...wanted, ...[...installed].filter(([, { isBasic }]) => isBasic).map(([name]) => name)];
for (let name = open.pop(); name !== undefined; name = open.pop()) {
  const found = installed.get(name);
  if (found === undefined || allowed.has(name)) continue;
  allowed.add(name);
  open.push(...found.depends);
}

const owned = new Set();
for (const file of readdirSync('/var/lib/dpkg/info').filter((name) => name.endsWith('.list'))) {
  if (!allowed.has(file.slice(0, -'.list'.length).split(':')[0])) continue;
  for (const path of readFileSync(`/var/lib/dpkg/info/${file}`, 'utf8').split('\n')) {
    owned.add(path.replace(/^\/(s?bin)\//, '/usr/$1/'));
  }
}

/** Inside, nothing is installed: it would be gone with the namespace, and the package list would say otherwise. */
const installers = ['/usr/bin/apt-get', '/usr/bin/apt', '/usr/bin/dpkg'];
const node = realpathSync(process.execPath);
for (const path of directories.flatMap((directory) => readdirSync(directory).map((name) => `${directory}/${name}`))) {
  const real = existsSync(path) ? realpathSync(path) : path;
  const isOwned = owned.has(path) || owned.has(real) || real === node || /\/npm\/bin\/np[mx]-cli\.js$/.test(real);
  if (!isOwned || installers.includes(path)) process.stdout.write(`${path}\n`);
}
