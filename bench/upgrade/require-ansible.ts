import { type Machine, requirePrograms } from '../lib/require-programs.ts';

/** The programs that the playbook needs on the machine it is run from, and the Debian packages that have them. */
const needed = [
  { program: 'ansible-playbook', packages: ['ansible'] },
  { program: 'mysql', packages: ['mariadb-client-core', 'mariadb-client', 'default-mysql-client'] },
  { program: 'ssh', packages: ['openssh-client'] },
  { program: 'curl', packages: ['curl'] },
] as const;

/** Installs what is missing, as the bootstrap does. Throws `Told` where that cannot be. */
export function requireAnsible(say: (line: string) => void, machine?: Machine): void {
  requirePrograms({ needed, rivals: 'Ansible', say, ...(machine === undefined ? {} : { machine }) });
}
