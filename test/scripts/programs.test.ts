import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { missingParts, needs, programs, requireProgram } from '../../scripts/lib/programs.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What is on every Debian: its essential packages, and `mount` (without which none of them starts). */
const everywhere = [
  'bash sh dash [ test echo printf kill pwd true false env',
  'awk basename cat chmod chown cp cut date df dirname du find getconf getopt flock grep gzip head hostname id link ln ls',
  'mkdir mkfifo mktemp mount mv nohup paste readlink realpath rm rmdir sed seq setsid sha256sum sleep sort stat sync tail tar',
  'tee timeout touch tr truncate umount uname uniq wc xargs apt-get apt-cache',
].flatMap((line) => line.split(' '));

/** Brought along by npm, or put on a host by the sandbox itself. */
const ours = ['npm', 'systemctl', 'sudo', 'java'];

const ofShell =
  /^(\.|:|break|case|cd|command|continue|do|done|echo|elif|else|esac|eval|exec|exit|export|fi|for|if|in|let|local|read|return|set|shift|source|then|trap|type|ulimit|umask|unset|until|wait|while)$/;

/** Who may start what, beyond what is everywhere. The first rule that fits a file counts. */
const rules = [
  {
    files: /^bench\/fan-out\//,
    may: ['clush', 'parallel-ssh', 'parallel-scp', 'parallel-rsync', 'ansible', 'rsync', 'ssh'],
  }, // others.ts brings these
  { files: /^bench\/upgrade\//, may: ['ansible-playbook', 'mysql', 'ssh', 'curl'] }, // require-ansible.ts brings these
  { files: /^sandbox\/usual-script\//, may: [...partsOf(needs.compare), 'ssh', 'scp', 'mysql'] },
  { files: /^scripts\/generate-pictures\.ts$/, may: partsOf(needs.pictures) },
  { files: /^test\//, may: partsOf(needs.test) },
  { files: /./, may: partsOf(needs.world) },
];

function partsOf(names: readonly (keyof typeof programs)[]): string[] {
  return names.flatMap((name) => programs[name].anyOf.flat());
}

/** The programs that TypeScript starts by name. */
function startedByCode(text: string): string[] {
  const call =
    /\b(?:spawn|spawnSync|execFile|execFileSync|exec|run|client|runProgram|runProgramSync)\)?\(\s*['"`]([^'"`\s]+)['"`]\s*,/g;
  return [...text.matchAll(call)].map(([, name = '']) => basename(name));
}

/** The words of a shell script that stand where a command does, but for functions of any script. */
function startedByScript(text: string): string[] {
  const code = text
    .replace(/^\s*#.*$/gm, '')
    .replace(/'[^']*'/g, "''")
    .replace(/\$?\(\([^\n]*?\)\)/g, '1') // what is reckoned
    .replace(/\becho "(?:(?!\$\()[^"])*"/g, 'echo')
    .replace(/^[ \t]*[\w.*:|$ -]+\)(?=\s|$)/gm, ''); // the patterns of a case
  const place =
    /(?:^|[;|&{]|\$\()[ \t]*(?:(?:then|do|else|elif|if|while|until|exec|nohup|setsid|!)\s+|[A-Z_]+=\S*\s+)*([a-z][a-z0-9_.-]*)(?=[ \t;]|$)/gm;
  return [...code.matchAll(place)].map(([, name = '']) => name).filter((name) => !ofShell.test(name));
}

function functionsOf(text: string): string[] {
  return [...text.matchAll(/^\s*([a-z_]+)\(\)\s*\{/gm)].map(([, name = '']) => name);
}

/** Tests that start what is nowhere. */
const madeUp = /^test\/scripts\/(programs|run-program)\.test\.ts$/;

const files = globSync('{src,sandbox,scripts,test,bench}/**/*.{ts,mjs,sh}', { cwd: root })
  .filter((file) => !madeUp.test(file))
  .map((file) => ({
    file,
    text: readFileSync(`${root}${file}`, 'utf8'),
  }));
const functions = files.flatMap(({ file, text }) => (file.endsWith('.sh') ? functionsOf(text) : []));

function strangersIn(file: string, text: string): string[] {
  const started = file.endsWith('.sh') ? startedByScript(text) : startedByCode(text);
  const may = rules.find(({ files }) => files.test(file))?.may ?? [];
  return started
    .filter((name) => ![...everywhere, ...ours, ...functions, ...may].includes(name))
    .map((name) => `${file}: ${name}`);
}

describe('every program that is started', () => {
  it('is on each Debian, or is brought by the bootstrap of the command that starts it', () => {
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap(({ file, text }) => strangersIn(file, text))).toEqual([]);
  });

  it.each([
    ['src/a.ts', "await promisify(execFile)('jq', ['.'])", ['jq']],
    ['src/a.ts', "spawn('ssh', args)", ['ssh']],
    ['test/a.ts', "spawn('ssh', args)", []],
    ['sandbox/a.sh', 'if [ -f "$x" ]; then lsof -t "$x" | xargs kill; fi', ['lsof']],
    ['sandbox/a.sh', 'name=$(ps -o comm= -p 1)\n# perl is not started here\nfind . -name x', []],
    ['scripts/a.mjs', "runProgramSync('curl', [url])", ['curl']],
  ])('is seen in %s: %s', (file, text, names) => {
    expect(strangersIn(file, text)).toEqual(names.map((name) => `${file}: ${name}`));
  });
});

describe('a program that has parts', () => {
  const machineWith =
    (...there: string[]) =>
    (names: readonly string[]) => {
      const found = names.find((name) => there.includes(name));
      return found === undefined ? null : `/usr/bin/${found}`;
    };

  it.each([
    ['nothing', [], ['mariadbd', 'mariadb-install-db', 'my_print_defaults']],
    ['MariaDB without what its installer calls', ['mariadbd', 'mysqld', 'mariadb-install-db'], ['my_print_defaults']],
    ['MariaDB', ['mariadbd', 'mariadb-install-db', 'my_print_defaults'], []],
    ['MySQL', ['mysqld'], []],
  ])('is looked for as a whole on a machine with %s', (_, there, missing) => {
    expect(missingParts('mariadb', machineWith(...there))).toEqual(missing);
  });

  it('is the server that is there, and refused by the names of the parts that are not', () => {
    expect(requireProgram('mariadb', machineWith('mysqld'))).toBe('/usr/bin/mysqld');
    expect(() => requireProgram('mariadb', machineWith('mariadbd', 'mariadb-install-db'))).toThrow(
      /^Not found: my_print_defaults\.\n.*mariadb-client-core/,
    );
  });
});
