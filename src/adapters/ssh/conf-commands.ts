import type { ShellCommand } from './port.ts';
import { assign, type NodeKind, ownedDir, read, shortNames } from './shell-text.ts';

type NodeAt = { readonly deployDir: string; readonly kind: NodeKind };

const maxConfBytes = 262_144;

/**
 * The text of a node's conf file, at most 256 KiB of it. What looks like a secret is `***` before it leaves the host, in
 * lines that are commented out too. Exit code 1 = it cannot be read.
 */
export function readConf({ deployDir, kind }: NodeAt): ShellCommand {
  return read('read-conf', [
    assign('conf', confFileOf({ deployDir, kind })),
    '[ -r "$conf" ] || { printf "%s cannot be read\\n" "$conf" >&2; exit 1; }',
    `head -c ${maxConfBytes} -- "$conf" | awk '`,
    '{ key = tolower($0); sub(/=.*/, "", key); at = index($0, "=")',
    'if (at && key ~ /pass|secret|token|credential|(access|private|account|shared|api)[_.]?key/)',
    '{ print substr($0, 1, at) " ***"; next }',
    // E.g. -Djavax.net.ssl.trustStorePassword=… in JAVA_OPTS, and user:password@host in an address.
    'line = $0; gsub(/:\\/\\/[^\\/ @]*@/, "://***@", line); out = ""',
    'while (match(tolower(line), /(pass[a-z_]*|secret[a-z_.-]*|token|[a-z_]*key)[=:][^ ",;&]+/)) {',
    'hit = substr(line, RSTART, RLENGTH); sub(/[=:].*/, "=***", hit)',
    'out = out substr(line, 1, RSTART - 1) hit; line = substr(line, RSTART + RLENGTH) }',
    "print out line }'",
  ]);
}

/**
 * `conf_value <KEY>` prints a value as the start scripts see it: the last line with the key, without quotes. Of what a
 * shell would expand, only the node's own directory is; nothing of the file is run.
 */
export function readingConf({ deployDir, kind }: NodeAt): string[] {
  return [
    assign('dir', ownedDir(deployDir)),
    assign('conf', confFileOf({ deployDir, kind })),
    'conf_value() { value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$conf" 2>/dev/null | tail -n 1 |',
    `sed 's/[[:space:]]*$//; s/^"\\(.*\\)"$/\\1/; s/^[$][{]*STARROCKS_HOME[}]*/@HOME@/')`,
    `case $value in @HOME@*) value=$dir\${value#@HOME@};; esac; printf %s "$value"; }`,
  ];
}

function confFileOf({ deployDir, kind }: NodeAt): string {
  return `${ownedDir(deployDir)}/conf/${shortNames[kind]}.conf`;
}
