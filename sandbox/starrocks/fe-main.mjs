import { runCached } from './compile-cache.mjs';

/** A frontend in the foreground: `fe-main.mjs --home <STARROCKS_HOME> [--helper host:9010] [--host_type IP|FQDN]`. */
await runCached(() => import('./frontend-process.ts'));
