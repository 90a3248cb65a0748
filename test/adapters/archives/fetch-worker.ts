import { createArchives } from '../../../src/adapters/archives/local.ts';
import { download } from '../../../src/adapters/http/download.ts';
import { headOf } from '../../../src/adapters/http/head.ts';

/** Another process that wants an archive: `node fetch-worker.ts <directory> <url> <sha256>`. */
const [directory = '', url = '', sha256 = ''] = process.argv.slice(2);
const archives = createArchives({ head: headOf, download, directory, mostBytes: 1_000_000_000 });
await archives.withFetched({ url, sha256 }, {}, async () => undefined);
