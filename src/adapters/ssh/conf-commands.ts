import type { ReadCommand } from './port.ts';
import { assign, type NodeKind, ownedDir, read, shortNames } from './shell-text.ts';

const maxConfBytes = 262_144;
const secretKey = 'pass|secret|token|credential|(access|private|account|shared|api)[_.]?key|\\\\';

/**
 * When the conf file was last changed, and what is needed to tell when a process was started from its start in ticks since
 * the boot. Read the answer with `parseConfTimes`.
 */
export function confTimes({ deployDir, kind }: { readonly deployDir: string; readonly kind: NodeKind }): ReadCommand {
  return read('conf-times', [
    assign('conf', `${ownedDir(deployDir)}/conf/${shortNames[kind]}.conf`),
    'echo "changed=$(stat -L -c %Y -- "$conf" 2>/dev/null)"',
    'echo "booted=$(sed -n "s/^btime //p" /proc/stat 2>/dev/null)"',
    'echo "ticks=$(getconf CLK_TCK 2>/dev/null)"',
  ]);
}

/**
 * The text of a node's conf file, with the end of its last line as it is. Whatever looks like a secret becomes `***`
 * before it leaves the host: after every separator that Java knows, in commented lines and in lines that continue too.
 * Exit code 1 = the file cannot be read, or is longer than 256 KiB: half a file says nothing reliable.
 */
export function readConf({ deployDir, kind }: { readonly deployDir: string; readonly kind: NodeKind }): ReadCommand {
  return read('read-conf', [
    assign('conf', `${ownedDir(deployDir)}/conf/${shortNames[kind]}.conf`),
    '{ [ -f "$conf" ] && [ -r "$conf" ]; } || { printf "%s cannot be read\\n" "$conf" >&2; exit 1; }',
    `[ "$(wc -c <"$conf")" -le ${maxConfBytes} ] || { printf "%s is longer than 256 KiB\\n" "$conf" >&2; exit 1; }`,
    'if [ -n "$(tail -c 1 -- "$conf")" ]; then end=; else end=1; fi',
    `awk -v end="$end" '`,
    // A backend does not continue a line: it reads the next one by itself.
    `function goesOn(text) { match(text, /\\\\*$/); return ${kind === 'frontend' ? 'RLENGTH % 2' : '0'} }`,
    'NR > 1 { printf "\\n" }',
    'isSecret { printf "***"; isSecret = goesOn($0); if (isSecret) printf "\\\\"; next }',
    '{ match($0, /^[ \\t\\f#!]*/); start = RLENGTH; rest = substr($0, start + 1)',
    'match(rest, /^(\\\\.|[^=: \\t\\f])*/); key = tolower(substr(rest, 1, RLENGTH)); at = start + RLENGTH',
    'match(substr($0, at + 1), /^[ \\t\\f]*[=:]?[ \\t\\f]*/); at += RLENGTH',
    `if (key ~ /${secretKey}/ && at < length($0)) {`,
    'isSecret = goesOn($0); printf "%s***%s", substr($0, 1, at), isSecret ? "\\\\" : ""; next }',
    // E.g. -Djavax.net.ssl.trustStorePassword=… in JAVA_OPTS, and user:password@host in an address.
    'line = $0; gsub(/:\\/\\/[^\\/ @]*@/, "://***@", line); out = ""',
    'while (match(tolower(line), /(pass[a-z_]*|secret[a-z_.-]*|token|[a-z_]*key)[=:][^ ",;&]+/)) {',
    'hit = substr(line, RSTART, RLENGTH); sub(/[=:].*/, "=***", hit)',
    'out = out substr(line, 1, RSTART - 1) hit; line = substr(line, RSTART + RLENGTH) }',
    'printf "%s%s", out, line }',
    `END { if (NR > 0 && end) printf "\\n" }' "$conf"`,
  ]);
}
