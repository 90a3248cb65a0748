import { stdout } from 'node:process';

/** Something did not come out as it should; the message is the one thing to look at. */
export class Wrong extends Error {}

/** What a chapter says when it is done: what it did, what was checked, and a list that is only shown. */
export type Told = { readonly did: string; readonly checked: readonly string[]; readonly listed?: readonly string[] };

export type Teller = {
  heading(text: string): void;
  /** Shown while a chapter goes on, on a terminal only. */
  now(text: string): void;
  /** Does a chapter and prints a line about it, with the time it took. */
  chapter(title: string, work: () => Promise<Told>): Promise<void>;
  /** How many chapters were told, how many facts were checked, and how long it took. */
  summary(): string;
};

/** Progress on a terminal, plain lines without one. */
export function createTeller(): Teller {
  const startedAt = performance.now();
  const isTerminal = stdout.isTTY === true && process.env.NO_COLOR === undefined;
  let chapters = 0;
  let facts = 0;
  let live = false;
  const clear = () => {
    if (live) stdout.write('\r\u001b[2K');
    live = false;
  };
  const paint = (code: number, text: string) => (isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text: string) => {
    clear();
    stdout.write(`${text}\n`);
  };
  return {
    heading: (text) => line(`\n${paint(1, text)}`),
    now: (text) => {
      if (!isTerminal) return;
      clear();
      stdout.write(paint(2, `     … ${text}`).slice(0, (stdout.columns ?? 100) + 8));
      live = true;
    },
    chapter: async (title, work) => {
      chapters += 1;
      const began = performance.now();
      if (isTerminal) {
        stdout.write(paint(2, `  ▸  ${title}`));
        live = true;
      }
      try {
        const { did, checked, listed = [] } = await work();
        facts += checked.length;
        line(`${paint(32, '  ✓')}  ${title}: ${did} ${paint(2, `(${seconds(performance.now() - began)})`)}`);
        for (const fact of [...listed, ...checked]) line(paint(2, `       ${fact}`));
      } catch (error) {
        line(`${paint(31, '  ✗')}  ${title} ${paint(2, `(${seconds(performance.now() - began)})`)}`);
        throw error;
      }
    },
    summary: () => `${chapters} chapters, ${facts} facts checked, ${seconds(performance.now() - startedAt)}`,
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
