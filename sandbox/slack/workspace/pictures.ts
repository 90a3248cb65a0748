import { inWords } from '../blocks/rules.ts';
import type { Core } from '../core.ts';
import { type Json, type JsonObject, objectOf, objectsOf, textOf } from '../json.ts';
import { SlackError } from '../slack-error.ts';
import type { Content, StoredFile } from './types.ts';

const signatures: readonly (readonly [mime: string, start: string])[] = [
  ['image/png', '89504e470d0a1a0a'],
  ['image/jpeg', 'ffd8ff'],
  ['image/gif', '47494638'],
];

/** The type of a picture that Slack can show in a block, from its first bytes; null for anything else. */
export function pictureType(bytes: Buffer | null): string | null {
  const start = bytes?.toString('hex', 0, 8) ?? '';
  return signatures.find(([, each]) => start.startsWith(each))?.[0] ?? null;
}

/** Whether Slack has looked at an uploaded file; until then it knows no type of it, and no block can show it. */
export function isProcessed(core: Core, file: StoredFile): boolean {
  return file.completedAt !== null && core.clock.now() >= file.completedAt + core.settings.processMs;
}

type Named = { readonly pointer: string; readonly slackFile: JsonObject };

/** The uploaded files that the image blocks of a message show. */
function namedFiles({ blocks, attachments }: Pick<Content, 'blocks' | 'attachments'>): Named[] {
  const inBlocks = (list: readonly JsonObject[], at: string): Named[] =>
    list.flatMap((block, index) => {
      const pointer = `${at}/${index}`;
      const own = block.slack_file === undefined ? [] : [{ pointer, slackFile: objectOf(block.slack_file) }];
      const accessory = objectOf(block.accessory ?? null);
      const beside =
        accessory.slack_file === undefined
          ? []
          : [{ pointer: `${pointer}/accessory`, slackFile: objectOf(accessory.slack_file) }];
      return [...own, ...beside, ...inBlocks(objectsOf(block.elements), `${pointer}/elements`)];
    });
  return [
    ...inBlocks(blocks, '/blocks'),
    ...attachments.flatMap((each, index) => inBlocks(objectsOf(each.blocks), `/attachments/${index}/blocks`)),
  ];
}

/**
 * The files that a message shows, all of them pictures that Slack has processed; anything else is refused in Slack's words.
 * An app may show what it uploaded itself, also when it was shared with nobody.
 */
export function shownFiles(core: Core, content: Pick<Content, 'blocks' | 'attachments'>): readonly StoredFile[] {
  return namedFiles(content).map(({ pointer, slackFile }) => {
    const file = fileOf(core, slackFile.id ?? null);
    if (file !== undefined && isProcessed(core, file) && pictureType(file.bytes) !== null) return file;
    throw new SlackError(
      'invalid_blocks',
      inWords([{ pointer: `${pointer}/slack_file`, message: 'invalid slack file' }]),
    );
  });
}

/** Everybody who can read a channel may see the pictures of its messages. */
export function shareShown(
  files: readonly StoredFile[],
  { channel, ts }: { readonly channel: string; readonly ts: string },
) {
  for (const file of files) file.shares.push({ channel, ts });
}

/** A message for one person cannot share a file: the picture would be a grey square. Slack says nothing of it. */
export function complainOfUnseen(core: Core, content: Pick<Content, 'blocks' | 'attachments'>): void {
  for (const { pointer } of namedFiles(content))
    core.complaints.push(`an ephemeral message shows a file that its reader has no access to [${pointer}]`);
}

function fileOf({ workspace }: Core, id: Json): StoredFile | undefined {
  return workspace.files.get(textOf(id) ?? '');
}
