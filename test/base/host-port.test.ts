import { describe, expect, it } from 'vitest';
import { splitHostPort } from '../../src/base/host-port.ts';

describe('an address of host and port', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1', '80'],
    [':80', '', '80'],
    ['[::1]:80', '::1', '80'],
    ['example.com:http', 'example.com', 'http'],
    ['host:', 'host', ''],
  ])('%s is split', (text, host, port) => {
    expect(splitHostPort(text)).toEqual({ host, port });
  });

  it.each(['', 'host', '::1', '::1:80', '[::1]', '[::1:80', 'a]:80', 'host:8]', '[[::1]]:80'])(
    '%j is none',
    (text) => {
      expect(splitHostPort(text)).toBeUndefined();
    },
  );
});
