import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Bench } from './benchmark.ts';
import { environment } from './environment.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export type Starwarden = ServerProcess & {
  readonly graphqlUrl: string;
  /** Of an ADMIN. */
  readonly token: string;
  /** Sends one request and answers `data`; throws when there are errors. */
  query(body: { query: string; variables?: Record<string, unknown> }): Promise<Record<string, unknown>>;
  /** Resident memory as the process itself reports it to Prometheus, in MB. */
  residentMb(): Promise<number>;
};

/** The person that the token belongs to. */
export const tokenOwner = 'bench';

const answerShape = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.unknown()).optional(),
});

/** Starts the real program, with the settings of production but for the limit on requests. */
export async function startStarwarden(
  bench: Bench,
  { parts, env = {} }: { parts: string; env?: Readonly<Record<string, string>> },
): Promise<Starwarden> {
  const token = 'swt_of-the-benchmark';
  const logFile = join(bench.dir, 'starwarden.log');
  const server = await startServerProcess({
    program: 'src/main.ts',
    logFile,
    profileDir: bench.profileDir,
    env: {
      ...environment(bench),
      STARWARDEN_PARTS: parts,
      STARWARDEN_API_RATE_PER_MINUTE: '0',
      STARWARDEN_BOOTSTRAP_TOKENS: JSON.stringify([{ owner: tokenOwner, role: 'ADMIN', token }]),
      ...env,
    },
  });
  const graphqlUrl = `${server.url}/graphql`;
  return {
    ...server,
    graphqlUrl,
    token,
    query: async (body) => {
      const response = await fetch(graphqlUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const { data, errors } = answerShape.parse(await response.json());
      if (data == null || errors !== undefined) {
        const log = (await readFile(logFile, 'utf8')).trimEnd().split('\n').at(-1);
        throw new Error(`GraphQL answered ${JSON.stringify(errors?.[0])}; the last line of the log: ${log}`);
      }
      return data;
    },
    residentMb: async () => {
      const response = await fetch(`${server.url}/metrics`, { signal: AbortSignal.timeout(30_000) });
      const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(await response.text())?.[1];
      if (bytes === undefined) throw new Error('/metrics does not tell the resident memory');
      return Number(bytes) / 1024 / 1024;
    },
  };
}
