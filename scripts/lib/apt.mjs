import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { runProgramSync } from './run-program.mjs';
import { Told } from './say.mjs';

const policyFile = '/usr/sbin/policy-rc.d';
const policyMark = '# Written by the Starwarden bootstrap while it installs packages; may be removed.';
const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1' };

/** Whether this process may install Debian packages. */
export function canInstallPackages() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version');
}

/**
 * Installs Debian packages without starting any service they bring.
 *
 * @param {readonly (readonly (readonly string[])[])[]} wanted per need the sets of packages that would do; the first set
 *   that the machine's release has is taken
 */
export function installPackages(wanted) {
  withoutStartingServices(() => {
    const known = availablePackages(wanted);
    // Lists that are older than the archive name packages that are gone: what is said after an update counts.
    if (known !== null && failureOf(() => install(known)) === null) return;
    // One list that cannot be had does not matter where the packages are in another.
    const update = failureOf(() => apt(['update', '-qq']));
    const packages = availablePackages(wanted);
    const failure =
      packages === null
        ? new Told(`apt-get knows none of these: ${wanted.flat(2).join(', ')}.`)
        : failureOf(() => install(packages));
    if (failure !== null) throw update === null ? failure : new Told(`${update.message}\n${failure.message}`);
  });
}

/**
 * @param {() => void} action
 * @returns {Told | null}
 */
function failureOf(action) {
  try {
    action();
    return null;
  } catch (error) {
    if (error instanceof Told) return error;
    throw error;
  }
}

/**
 * @param {readonly (readonly (readonly string[])[])[]} wanted
 * @returns {readonly string[] | null} null when one of the needs cannot be met
 */
function availablePackages(wanted) {
  const chosen = wanted.map((sets) => sets.find((names) => names.every(hasCandidate)));
  return chosen.every((names) => names !== undefined) ? [...new Set(chosen.flat())] : null;
}

/** @param {readonly string[]} packages */
function install(packages) {
  apt(['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

/** @param {string} name */
function hasCandidate(name) {
  const policy = runProgramSync('apt-cache', ['policy', name], { env: { ...environment, LC_ALL: 'C' } });
  return /Candidate: (?!\(none\))/.test(policy);
}

/** @param {readonly string[]} args */
function apt(args) {
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold', '-o', 'Dpkg::Use-Pty=0'];
  runProgramSync('apt-get', [...options, ...args], { env: environment });
}

/**
 * Debian asks `policy-rc.d` before it starts a service; 101 means no. One that is there already belongs to someone else
 * (container images have one) and must say no by itself.
 *
 * @param {() => void} action
 */
function withoutStartingServices(action) {
  const ours = !existsSync(policyFile) || readFileSync(policyFile, 'utf8').includes(policyMark);
  if (ours) writeFileSync(policyFile, `#!/bin/sh\n${policyMark}\nexit 101\n`, { mode: 0o755 });
  else if (spawnSync(policyFile, ['redis-server', 'start']).status !== 101) {
    throw new Error(`${policyFile} lets packages start their services, so none was installed`);
  }
  try {
    action();
  } finally {
    if (ours) rmSync(policyFile, { force: true });
  }
}
