import { describe, expect, it } from 'vitest';
import { forwardFailure } from '../../../src/adapters/starrocks/forward-failure.ts';

describe('what a frontend says that could not hand a statement over', () => {
  it.each([
    'java.net.ConnectException: Connection refused',
    'java.net.ConnectException: Connection refused (Connection refused)',
    'org.apache.thrift.transport.TTransportException: java.net.ConnectException: Connection refused',
    'Unexpected exception: java.net.ConnectException: Connection refused',
    'java.net.NoRouteToHostException: No route to host',
    'java.net.UnknownHostException: fe-1.example: Name or service not known',
    'java.net.UnknownHostException: fe-1.example',
    'java.net.SocketTimeoutException: Connect timed out',
    'java.util.NoSuchElementException: Unable to activate object',
    'not leader',
    'Current FE is not the master.',
  ])('is that nobody took it: %s', (text) => {
    expect(forwardFailure(1_064, text)).toBe('not-handed-over');
  });

  it.each([
    'Socket is closed by peer.',
    'java.net.SocketException: Connection reset',
    'java.net.SocketException: Broken pipe (Write failed)',
    'java.net.SocketTimeoutException: Read timed out',
    'org.apache.thrift.transport.TTransportException: java.net.SocketTimeoutException: Read timed out',
    'org.apache.thrift.transport.TTransportException: Socket is closed by peer.',
    'org.apache.thrift.transport.TTransportException',
    'java.io.IOException: Broken pipe',
    'Broken pipe',
    'Environment is closed.',
  ])('is that nobody knows what became of it: %s', (text) => {
    expect(forwardFailure(1_064, text)).toBe('lost');
  });

  // The texts that merely hold such words: of stores, of other nodes, of users.
  it.each([
    [5_101, 'Set config failed: set config for fe[192.0.2.4] failed: java.net.ConnectException: Connection refused'],
    [5_101, 'java.net.ConnectException: Connection refused'],
    [1_064, 'Failed to connect to fe 192.0.2.4:9020 due to java.net.ConnectException: Connection refused'],
    [1_064, 'Failed to get file from url: http://127.0.0.1:1/f. Error: Connection refused'],
    [1_064, 'Connection refused'],
    [
      1_064,
      'Failed to getAllDatabases, msg: MetaException: Could not connect to meta store using any of the URIs provided. Most recent failure: org.apache.thrift.transport.TTransportException: java.net.ConnectException: Connection refused\n\tat org.apache.thrift',
    ],
    [1_064, 'java.net.ConnectException: Call From fe1/10.0.0.1 to nn:8020 failed on connection exception: refused'],
    [1_064, 'java.io.IOException: No space left on device'],
    [1_064, 'java.util.NoSuchElementException: No value present'],
    [1_064, "Getting analyzing error. Detail message: Unknown table 'shop.Socket is closed by peer.'."],
    [1_064, 'Label [Environment is closed.] has already been used.'],
    [1_064, 'Snapshot not leader already exist in repository'],
  ])('is not meant by the number %d with %j', (number, text) => {
    expect(forwardFailure(number, text)).toBeNull();
  });
});
