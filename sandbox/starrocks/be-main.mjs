import { runCached } from './compile-cache.mjs';

/** A backend, or with --cn a compute node: `be-main.mjs --home <STARROCKS_HOME> [--cn]`, in the foreground. */
await runCached(() => import('./backend-process.ts'));
