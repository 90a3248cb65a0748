/** An answer that is an error, as S3 writes it. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** The body of the answer. */
  toXml(): string {
    const entries = Object.entries({ Code: this.code, Message: this.message, ...this.details });
    const inside = entries.map(([name, value]) => `<${name}>${escapeXml(value)}</${name}>`).join('');
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inside}</Error>`;
  }
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
