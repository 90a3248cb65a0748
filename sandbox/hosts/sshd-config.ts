import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type SshdSettings = {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly dir: string;
  readonly commandLog: string;
  readonly sftpServer: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Lines of sshd_config(5) that replace those of the same keyword here. */
  readonly settings: readonly string[];
};

const wrapper = fileURLToPath(new URL('./log-command.sh', import.meta.url));

/** The text of a private sshd configuration: one user, public keys only, every command through the log wrapper. */
export function sshdConfig(host: SshdSettings): string {
  const forced = ['/bin/bash', wrapper, host.name, host.commandLog, host.sftpServer].map(shellQuote).join(' ');
  const variables = Object.entries(host.environment).map(([name, value]) => ` "${name}=${value}"`);
  const lines = [
    `ListenAddress ${host.address}:${host.port}`,
    `HostKey "${host.dir}/host-key"`,
    `PidFile "${host.dir}/sshd.pid"`,
    `AuthorizedKeysFile "${host.dir}/authorized_keys"`,
    `AllowUsers ${host.user}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'StrictModes no',
    `UsePAM ${passwordIsLocked(host.user) ? 'yes' : 'no'}`,
    'UseDNS no',
    'PrintMotd no',
    'X11Forwarding no',
    'AllowTcpForwarding yes',
    'MaxStartups 200',
    ...(variables.length > 0 ? [`SetEnv${variables.join('')}`] : []),
    `Subsystem sftp ${host.sftpServer}`,
    `ForceCommand ${forced}`,
  ];
  const replaced = new Set(host.settings.map(keywordOf));
  const given = host.settings.filter((line) => line.includes(' '));
  return [...given, ...lines.filter((line) => !replaced.has(keywordOf(line))), ''].join('\n');
}

function keywordOf(line: string): string {
  return line.split(' ')[0]?.toLowerCase() ?? '';
}

/** Without PAM sshd refuses a user whose password field begins with `!`; only root can read that field, sshd included. */
function passwordIsLocked(user: string): boolean {
  if (process.getuid?.() !== 0) return false;
  return readFileSync('/etc/shadow', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${user}:!`));
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
