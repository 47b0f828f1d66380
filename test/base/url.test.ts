import { describe, expect, test } from 'vitest';
import { parseRequestUri, parseUrl } from '../../src/base/url.ts';

describe('an absolute URL or path', () => {
  test.each([
    ['https://example.com/keys?x=1', { scheme: 'https', host: 'example.com', path: '/keys' }],
    ['HTTP://user:pw@example.com:8080', { scheme: 'http', host: 'example.com:8080', path: '' }],
    ['http://[2001:db8::1]:80/a', { scheme: 'http', host: '[2001:db8::1]:80', path: '/a' }],
    ['http://[fe80::1%25a%41]/', { scheme: 'http', host: '[fe80::1%25a%41]', path: '/' }],
    ['/path/only', { scheme: '', host: '', path: '/path/only' }],
    ['//no/authority', { scheme: '', host: '', path: '//no/authority' }],
    ['mailto:a@example.com', { scheme: 'mailto', host: '', path: 'a@example.com' }],
    ['localhost:5000/image', { scheme: 'localhost', host: '', path: '5000/image' }],
    ['https://example.com/a#b', { scheme: 'https', host: 'example.com', path: '/a#b' }],
    ['*', { scheme: '', host: '', path: '*' }],
  ])('%s is read into its parts', (text, parts) => {
    expect(parseRequestUri(text)).toEqual(parts);
  });

  test.each([
    ['', 'nothing'],
    ['example.com/a', 'a relative reference'],
    [':80', 'no scheme before the colon'],
    ['http://a b/', 'a space in the host'],
    ['http://a/%zz', 'a bad escape in the path'],
    ['http://%41.example.com/', 'an escape of a plain letter in the host'],
    ['http://a:port/', 'a port that is no number'],
    ['http://[::1/', 'an open bracket'],
    ['http://::1/', 'an IPv6 address without brackets'],
    ['http://a:80:90/', 'two ports'],
    ['http://a[b]/', 'brackets inside a name'],
    ['http://[abc]/', 'a name in brackets'],
    ['http://[1.2.3.4]/', 'an IPv4 address in brackets'],
    ['http://[::1%25]/', 'an empty zone'],
    ['http://[::1%eth0]/', 'a zone behind a bare percent sign'],
    ['http://[::1]]/', 'a bracket too many'],
    ['http://us er@a/', 'a space in the user'],
    ['http://#%x$#@', 'a user with characters that it cannot have'],
    ['http://a/\u0007', 'a control character'],
    [`http://a/${'x'.repeat(70_000)}`, 'too long a text'],
  ])('%j is refused: %s', (text) => {
    expect(parseRequestUri(text)).toBeUndefined();
  });
});

describe('a URL or a relative reference', () => {
  test.each([
    ['example.com/a', { scheme: '', host: '', path: 'example.com/a' }],
    ['//example.com/a', { scheme: '', host: 'example.com', path: '/a' }],
    ['/a#b', { scheme: '', host: '', path: '/a' }],
    ['', { scheme: '', host: '', path: '' }],
  ])('%j is read into its parts', (text, parts) => {
    expect(parseUrl(text)).toEqual(parts);
  });

  test.each(['a:b/c:d\u0000', '1a:b/c', '/a#%zz', ':a'])('%j is refused', (text) => {
    expect(parseUrl(text)).toBeUndefined();
  });
});
