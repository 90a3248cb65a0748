/** Node's `http`. To import it loads undici too, for a few names that nobody here asks for: half of the work of a backend's start. */
export const { createServer, get } = process.getBuiltinModule('node:http');
