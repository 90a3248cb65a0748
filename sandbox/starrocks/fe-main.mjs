import { runCached } from './compile-cache.ts';

/** A frontend in the foreground: `fe-main.ts --home <STARROCKS_HOME> [--helper host:9010] [--host_type IP|FQDN]`. */
await runCached(() => import('./frontend-process.ts'));
