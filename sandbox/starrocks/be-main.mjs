import { runCached } from './compile-cache.ts';

/** A backend, or with --cn a compute node: `be-main.ts --home <STARROCKS_HOME> [--cn]`, in the foreground. */
await runCached(() => import('./backend-process.ts'));
