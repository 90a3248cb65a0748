/**
 * Whether a text is the name or the IP address of a host and nothing else: no port after it, no brackets, no zone. A text
 * with colons has to be an IPv6 address, a text of only digits and dots an IPv4 address: a name cannot look like either.
 */
export function isHostAddress(text: string): boolean {
  if (text.includes(':')) return isIpv6(text);
  if (/^[\d.]+$/.test(text)) return isIpv4(text);
  return (
    text.length <= 253 &&
    text.split('.').every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}

/**
 * Whether the text is an IPv4 address of the loopback network. Where machines are only stood in for, each has one of these,
 * and what listens on another one is another machine's.
 */
export function isLoopback(text: string): boolean {
  return isIpv4(text) && text.startsWith('127.');
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const endsInIpv4 = last.includes('.');
  if (endsInIpv4 && !isIpv4(last)) return false;
  if (!(endsInIpv4 ? groups.slice(0, -1) : groups).every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return false;
  const count = groups.length + (endsInIpv4 ? 1 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}
