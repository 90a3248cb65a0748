import { afterAll } from 'vitest';
import { removeArchives } from '../../sandbox/releases/installed.ts';
import { nodeContract } from './node-contract.ts';
import { nodeOnHost } from './node-on-host.ts';

afterAll(removeArchives);

nodeContract('systemd', () => nodeOnHost({ name: 'be', address: '127.0.1.90', by: 'systemd' }));
