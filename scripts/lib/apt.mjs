import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

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
 * @param {readonly (readonly string[])[]} wanted per need the packages that would do, the first available one is taken
 */
export function installPackages(wanted) {
  withoutStartingServices(() => {
    if (tryInstall(wanted)) return;
    apt(['update', '-qq']); // the lists were missing, or older than the archive
    if (!tryInstall(wanted)) throw new Error(`apt-get could not install ${wanted.map((names) => names[0]).join(', ')}`);
  });
}

/** @param {readonly (readonly string[])[]} wanted */
function tryInstall(wanted) {
  const packages = wanted.map((names) => names.find(hasCandidate));
  if (packages.some((name) => name === undefined)) return false;
  return apt(['install', '-y', '-qq', '--no-install-recommends', ...packages.flatMap((name) => name ?? [])]);
}

/** @param {string} name */
function hasCandidate(name) {
  const { stdout } = spawnSync('apt-cache', ['policy', name], {
    encoding: 'utf8',
    env: { ...environment, LC_ALL: 'C' },
  });
  return /Candidate: (?!\(none\))/.test(stdout ?? '');
}

/**
 * @param {readonly string[]} args
 * @returns {boolean} whether it succeeded; if not, what it said has been shown
 */
function apt(args) {
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Options::=--force-confold', '-o', 'Dpkg::Use-Pty=0'];
  const result = spawnSync('apt-get', [...options, ...args], { encoding: 'utf8', env: environment });
  if (result.status !== 0) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  return result.status === 0;
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
