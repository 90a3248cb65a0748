import { type Core, changed } from '../../core.ts';
import { type JsonObject, textOf } from '../../json.ts';
import { limits, lives } from '../../limits.ts';
import { SlackError } from '../../slack-error.ts';
import { isProcessed, pictureType } from '../../workspace/pictures.ts';
import { postMessage } from '../../workspace/post.ts';
import type { StoredFile } from '../../workspace/types.ts';
import { writableChannel } from '../channel-access.ts';
import type { Method, MethodCall } from '../method.ts';
import { threadParent } from '../thread-parent.ts';

export const getUploadUrl: Method = {
  name: 'files.getUploadURLExternal',
  tier: 'tier4',
  scopes: ['files:write'],
  isRead: true,
  args: { filename: 'text', length: 'whole', alt_txt: 'text', snippet_type: 'text' },
  required: ['filename', 'length'],
  run(args, { core }) {
    const length = args.whole('length') ?? 0;
    if (length <= 0) throw new SlackError('invalid_arguments', ['must be greater than 0 [json-pointer:/length]']);
    if (length > limits.file.uploadBytes) throw new SlackError('file_upload_size_restricted');
    const altText = args.text('alt_txt');
    if (altText !== null && altText.length > limits.file.altText) throw new SlackError('alt_txt_too_large');
    const id = core.ids.next('F');
    const name = args.text('filename') ?? '';
    const expiresAt = core.clock.now() + lives.uploadMs;
    const fresh = { bytes: null, title: name, isComplete: false, completedAt: null, shares: [] };
    core.workspace.files.set(id, { id, name, length, altText, expiresAt, ...fresh });
    return { file_id: id, upload_url: `${core.url}/upload/${id}` };
  },
};

export const completeUpload: Method = {
  name: 'files.completeUploadExternal',
  tier: 'tier4',
  scopes: ['files:write'],
  args: {
    files: 'objects',
    channel_id: 'text',
    channels: 'texts',
    initial_comment: 'text',
    thread_ts: 'text',
    blocks: 'objects',
  },
  required: ['files'],
  run(args, call) {
    const { core, token } = call;
    const named = args.objects('files') ?? [];
    if (named.length === 0)
      throw new SlackError('invalid_arguments', ['no fewer than 1 items allowed [json-pointer:/files]']);
    const files = named.map((entry) => uploadedFile(entry, call));
    const ids = [
      ...(args.text('channel_id') === null ? [] : [args.text('channel_id') ?? '']),
      ...args.texts('channels'),
    ];
    const channels = ids.map((id) => {
      if (!/^[CGDZ][A-Z0-9]{8,}$/.test(id)) throw new SlackError('invalid_channel');
      return writableChannel(core, token, id);
    });
    const threadTs = threadParent(core, channels[0]?.id ?? '', args.text('thread_ts'));
    for (const { file, title } of files)
      Object.assign(file, { title, isComplete: true, completedAt: core.clock.now() });
    // Sharing is a job of its own at Slack: the answer comes first, and a share that fails says nothing.
    core.clock.after(core.settings.shareDelayMs, () => {
      if (core.settings.dropShares) return;
      for (const channel of channels) {
        const text = args.text('initial_comment') ?? '';
        const content = { text, blocks: args.objects('blocks') ?? [], attachments: [], metadata: null };
        const shared = files.filter(({ file }) => file.altText === null || /\.(png|jpe?g|gif|webp)$/i.test(file.name));
        const author = { author: token.user, botId: core.workspace.botId };
        const ids = shared.map(({ file }) => file.id);
        if (ids.length === 0) continue;
        const message = postMessage(core, { channel: channel.id, ...author, content, threadTs, files: ids });
        for (const { file } of shared) file.shares.push({ channel: channel.id, ts: message.ts });
      }
      changed(core);
    });
    return { files: files.map(({ file }) => ({ id: file.id, title: file.title })) };
  },
};

export const fileInfo: Method = {
  name: 'files.info',
  tier: 'tier4',
  scopes: ['files:read'],
  isRead: true,
  args: { file: 'text', count: 'whole', page: 'whole', cursor: 'text', limit: 'whole' },
  required: ['file'],
  run(args, { core }) {
    const file = core.workspace.files.get(args.text('file') ?? '');
    if (file === undefined || !file.isComplete) throw new SlackError('file_not_found');
    return { file: fileJson(core, file), comments: [] };
  },
};

function uploadedFile(entry: JsonObject, { core }: MethodCall): { file: StoredFile; title: string } {
  const file = core.workspace.files.get(textOf(entry.id) ?? '');
  if (file === undefined || file.isComplete) throw new SlackError('file_not_found');
  if (file.expiresAt < core.clock.now()) throw new SlackError('file_update_expired');
  if (file.bytes === null) throw new SlackError('file_not_uploaded');
  return { file, title: textOf(entry.title) ?? file.name };
}

function fileJson(core: Core, file: StoredFile): JsonObject {
  const shares: Record<string, JsonObject[]> = {};
  for (const { channel, ts } of file.shares) shares[channel] = [...(shares[channel] ?? []), { ts }];
  return {
    id: file.id,
    name: file.name,
    title: file.title,
    size: file.length,
    // Empty until Slack has looked at the file: the only sign that it can be shown.
    mimetype: isProcessed(core, file) ? (pictureType(file.bytes) ?? 'application/octet-stream') : '',
    channels: file.shares.map((share) => share.channel),
    shares: { public: shares },
    ...(file.altText === null ? {} : { alt_txt: file.altText }),
  };
}
