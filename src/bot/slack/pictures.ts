import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { RuleOnNumber } from '../../domain/charts/alert-chart.ts';
import type { ChartPainter } from '../../domain/charts/chart.ts';
import type { Clients } from './clients.ts';

/** How the bot comes to pictures: who draws them, who brings their bytes to Slack, and which number an alert is about. */
export type Pictures = {
  readonly painter: ChartPainter;
  /** Posts bytes to the address that Slack gave for them. Throws when no answer came. */
  readonly sendBytes: (
    url: string,
    bytes: Uint8Array,
    options: { readonly timeoutMs: number },
  ) => Promise<{ readonly status: number }>;
  /** What the rule of an alert says of a number; null = it judges none, and the alert has no picture. */
  readonly ruleOnNumber: (alert: Alert) => Promise<RuleOnNumber | null>;
};

export type NewPicture = {
  readonly png: Uint8Array;
  readonly filename: string;
  readonly title: string;
  readonly altText: string;
};

const place = z.object({ upload_url: z.string(), file_id: z.string() });
const sendTimeoutMs = 10_000;
/** Slack takes less of it with a file than in a block. */
const mostAltText = 1_000;

/**
 * Brings a picture to Slack and answers the id of its file, which only the bot can see until a message shows it. Throws what
 * Slack's kit throws; a file whose answer was lost harms nobody, so the whole can be repeated.
 */
export async function uploadPicture(
  { outbox }: Clients,
  { sendBytes }: Pictures,
  { png, filename, title, altText }: NewPicture,
): Promise<string> {
  // By name, since the kit's own function calls the description `alt_text`, which Slack does not know.
  const answer = await outbox.apiCall('files.getUploadURLExternal', {
    filename,
    length: png.length,
    alt_txt: altText.slice(0, mostAltText),
  });
  const { upload_url: url, file_id: file } = place.parse(answer);
  const { status } = await sendBytes(url, png, { timeoutMs: sendTimeoutMs });
  if (status !== 200) throw new Error(`Slack answered ${status} to the bytes of a picture`);
  await outbox.apiCall('files.completeUploadExternal', { files: [{ id: file, title }] });
  return file;
}

/**
 * Whether Slack has looked at a file, so that a message can show it. Nothing says so but its type, which is empty before.
 * Throws what Slack's kit throws.
 */
export async function isReady({ lookup }: Clients, file: string): Promise<boolean> {
  const answer = await lookup.files.info({ file });
  return (answer.file?.mimetype ?? '') !== '';
}
