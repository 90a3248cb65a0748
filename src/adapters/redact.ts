const replacement = '***';

/**
 * Replaces every secret. Of a secret with several lines (a private key) each line is replaced too, because output comes
 * line by line.
 */
export function createRedactor(secrets: readonly string[]): { redact(text: string): string; longest: number } {
  const parts = secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/).filter((line) => line.length >= 8)]);
  const known = [...new Set(parts.filter((part) => part !== ''))].sort((a, b) => b.length - a.length);
  return {
    redact: (text) => known.reduce((shown, secret) => shown.replaceAll(secret, replacement), text),
    longest: known[0]?.length ?? 0,
  };
}
