/** A `double` as Java prints it: `12.0`, `0.1`, and from ten million on `1.25E7`; `NaN` and `Infinity` as they are. */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return withPoint(String(value));
  const [digits = '0', exponent = '0'] = value.toExponential().split('e');
  return `${withPoint(digits)}E${Number(exponent)}`;
}

function withPoint(text: string): string {
  return text.includes('.') ? text : `${text}.0`;
}
