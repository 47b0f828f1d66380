import { describe, expect, test } from 'vitest';
import { httpRoutePlaces, SOMEWHERE } from './traffic-findings.ts';

const withRoute = (fields: Record<string, unknown>): string[] =>
  httpRoutePlaces({ route: SOMEWHERE, ...fields });

describe('an HTTP route', () => {
  test.each([
    { route: SOMEWHERE },
    { redirect: { uri: '/a' } },
    { directResponse: { status: 503 } },
    { delegate: { name: 'a', namespace: 'b' } },
    {
      route: SOMEWHERE,
      fault: { delay: { fixedDelay: '1s' } },
      rewrite: { uri: '/a' },
      mirror: { host: 'c' },
    },
    { route: SOMEWHERE, timeout: '1h', mirrors: [{ destination: { host: 'c' } }] },
  ])('may be %j', (route) => {
    expect(httpRoutePlaces(route)).toEqual([]);
  });

  test.each([
    [{}, ['Error']],
    [{ route: [] }, ['Error']],
    [{ redirect: { uri: '/a' }, route: SOMEWHERE }, ['Error route']],
    [{ redirect: { uri: '/a' }, fault: { delay: { fixedDelay: '1s' } } }, ['Error fault']],
    [{ redirect: { uri: '/a' }, rewrite: { uri: '/b' } }, ['Error rewrite']],
    [{ redirect: { uri: '/a' }, directResponse: { status: 200 } }, ['Error directResponse']],
    [{ redirect: { uri: '/a' }, websocketUpgrade: true }, ['Error websocketUpgrade']],
    [{ directResponse: { status: 200 }, route: SOMEWHERE }, ['Error route']],
    [{ directResponse: { status: 200 }, fault: { delay: { fixedDelay: '1s' } } }, ['Error fault']],
    [{ directResponse: { status: 200 }, rewrite: { uri: '/b' } }, ['Error rewrite']],
    [{ delegate: { name: 'a' }, redirect: { uri: '/a' } }, ['Error redirect']],
    [{ delegate: { name: 'a' }, route: SOMEWHERE }, ['Error route']],
    [
      { route: SOMEWHERE, mirror: { host: 'a' }, mirrors: [{ destination: { host: 'b' } }] },
      ['Error mirror'],
    ],
    [{ route: SOMEWHERE, timeout: '0s' }, ['Error timeout']],
    [{ route: SOMEWHERE, timeout: '999us' }, ['Error timeout']],
    [{ route: SOMEWHERE, timeout: '-1s' }, ['Error timeout']],
    [{ route: SOMEWHERE, timeout: '1.5ms' }, ['Error timeout']],
    [{ route: SOMEWHERE, timeout: '9999999h' }, ['Error timeout']],
  ])('may not be %j', (route, found) => {
    expect(httpRoutePlaces(route)).toEqual(found);
  });
});

describe('destinations', () => {
  const to = (...route: unknown[]): string[] => httpRoutePlaces({ route });

  test.each(['a', 'a.b', '*.a.b', '*-a.b'])('may be the host %s', (host) => {
    expect(to({ destination: { host } })).toEqual([]);
  });

  test.each(['', '*', 'a_b', '10.0.0.1', 'a.*.b'])('may not be the host %j', (host) => {
    expect(to({ destination: { host } })).toEqual(['Error route[0].destination.host']);
  });

  test('have a subset that is a DNS label', () => {
    expect(to({ destination: { host: 'a', subset: 'v-1' } })).toEqual([]);
    expect(to({ destination: { host: 'a', subset: 'v.1' } })).toEqual(['Error route[0].destination.subset']);
  });

  test('have a port with a number', () => {
    expect(to({ destination: { host: 'a', port: { number: 80 } } })).toEqual([]);
    expect(to({ destination: { host: 'a', port: {} } })).toEqual(['Error route[0].destination.port']);
  });

  test('share traffic by weights, one of which is above 0', () => {
    const destination = { host: 'a' };
    expect(to({ destination, weight: 0 })).toEqual([]);
    expect(to({ destination, weight: 25 }, { destination, weight: 25 })).toEqual([]);
    expect(to({ destination, weight: 0 }, { destination, weight: 1 })).toEqual([]);
    expect(to({ destination }, { destination, weight: 0 })).toEqual(['Error route']);
  });

  test('of mirrors are checked too', () => {
    expect(withRoute({ mirror: { host: '*' } })).toEqual(['Error mirror.host']);
    expect(withRoute({ mirrors: [{ destination: { host: 'a', subset: '_' } }] })).toEqual([
      'Error mirrors[0].destination.subset',
    ]);
  });
});

describe('a redirect', () => {
  test.each([
    { uri: '/a' },
    { authority: 'a' },
    { scheme: 'https' },
    { port: 0 },
    { derivePort: 'FROM_REQUEST_PORT' },
    { uri: '/a', redirectCode: 0 },
    { uri: '/a', redirectCode: 300 },
    { uri: '/a', redirectCode: 399 },
    { prefixRewrite: '/a', authority: 'b' },
    { uri: '', prefixRewrite: '/a' },
  ])('may be %j', (redirect) => {
    expect(httpRoutePlaces({ redirect })).toEqual([]);
  });

  test.each([
    [{}, 'Error redirect'],
    [{ uri: '', authority: '' }, 'Error redirect'],
    [{ redirectCode: 301 }, 'Error redirect'],
    [{ uri: '/a', prefixRewrite: '/b' }, 'Error redirect'],
    [{ uri: '/a', redirectCode: 299 }, 'Error redirect.redirectCode'],
    [{ uri: '/a', scheme: 'ftp' }, 'Error redirect.scheme'],
  ])('may not be %j', (redirect, place) => {
    expect(httpRoutePlaces({ redirect })).toEqual([place]);
  });

  test('replaces a prefix only where prefixes are matched', () => {
    const redirect = { prefixRewrite: '/b' };
    expect(httpRoutePlaces({ redirect, match: [{ uri: { prefix: '/a' } }, { port: 80 }] })).toEqual([]);
    for (const uri of [{ exact: '/a' }, { regex: '/a.*' }, {}]) {
      expect(httpRoutePlaces({ redirect, match: [{ uri }] })).toEqual(['Error redirect.prefixRewrite']);
    }
  });
});

describe('a direct response', () => {
  const respond = (directResponse: unknown): string[] => httpRoutePlaces({ directResponse });

  test('has a status that proxies know', () => {
    expect(respond({ status: 200 })).toEqual([]);
    expect(respond({ status: 599 })).toEqual([]);
    expect(respond({ status: 600 })).toEqual(['Warning directResponse.status']);
  });

  test.each([
    [100 * 1024, []],
    [100 * 1024 + 1, ['Warning']],
    [1024 * 1024, ['Warning']],
    [1024 * 1024 + 1, ['Error']],
  ])('with %d bytes of body gets %j', (size, levels) => {
    const text = respond({ status: 200, body: { string: 'x'.repeat(size) } });
    expect(text).toEqual(levels.map((level) => `${level} directResponse.body.string`));
    const bytes = Buffer.alloc(size).toString('base64');
    const binary = respond({ status: 200, body: { bytes } });
    expect(binary).toEqual(levels.map((level) => `${level} directResponse.body.bytes`));
  });

  test('is measured in bytes, not characters', () => {
    expect(respond({ status: 200, body: { string: 'ä'.repeat(60 * 1024) } })).toEqual([
      'Warning directResponse.body.string',
    ]);
  });
});

describe('a rewrite', () => {
  test.each([
    { uri: '/a' },
    { authority: 'a' },
    { uri: '/a', authority: 'a' },
    { uriRegexRewrite: { match: '^/(.*)$', rewrite: '/\\1' }, authority: 'a' },
    { uri: '', uriRegexRewrite: { match: 'a', rewrite: 'b' } },
  ])('may be %j', (rewrite) => {
    expect(withRoute({ rewrite })).toEqual([]);
  });

  test.each([
    [{}, ['Error rewrite']],
    [{ uri: '' }, ['Error rewrite']],
    [{ uri: '/a', uriRegexRewrite: { match: 'a', rewrite: 'b' } }, ['Error rewrite']],
    [{ uriRegexRewrite: { match: 'a' } }, ['Error rewrite.uriRegexRewrite.rewrite']],
    [{ uriRegexRewrite: { rewrite: 'a' } }, ['Error rewrite.uriRegexRewrite.match']],
    [{ uriRegexRewrite: { match: '(', rewrite: 'b' } }, ['Error rewrite.uriRegexRewrite.match']],
    [{ uriRegexRewrite: { match: 'a'.repeat(1025), rewrite: 'b' } }, ['Error rewrite.uriRegexRewrite.match']],
  ])('may not be %j', (rewrite, found) => {
    expect(withRoute({ rewrite })).toEqual(found);
  });
});

describe('retries', () => {
  test.each([
    {},
    { attempts: 0 },
    { attempts: 0, backoff: '1s' },
    { attempts: 3, perTryTimeout: '1ms', backoff: '25ms', retryRemoteLocalities: true },
    { attempts: 1, retryOn: '5xx,gateway-error,503,retriable-4xx,cancelled,http3-post-connect-failure' },
  ])('may be %j', (retries) => {
    expect(withRoute({ retries })).toEqual([]);
  });

  test.each([
    [{ retryOn: '5xx' }, 'Error retries.attempts'],
    [{ attempts: 0, perTryTimeout: '1s' }, 'Error retries.attempts'],
    [{ attempts: 0, retryRemoteLocalities: false }, 'Error retries.attempts'],
    [{ attempts: 1, perTryTimeout: '0s' }, 'Error retries.perTryTimeout'],
    [{ attempts: 1, backoff: '0.1ms' }, 'Error retries.backoff'],
    [{ attempts: 1, retryOn: '5xy' }, 'Error retries.retryOn'],
    [{ attempts: 1, retryOn: '5xx, reset' }, 'Error retries.retryOn'],
    [{ attempts: 1, retryOn: '5xx,' }, 'Error retries.retryOn'],
    [{ attempts: 1, retryOn: '799' }, 'Error retries.retryOn'],
  ])('may not be %j', (retries, place) => {
    expect(withRoute({ retries })).toEqual([place]);
  });
});

describe('a CORS policy', () => {
  test.each([
    { allowOrigins: [{ exact: 'a' }, { prefix: 'b' }, { regex: 'c.*' }] },
    { allowMethods: ['GET', 'PATCH', '*'], allowHeaders: ['X-A', '*'], exposeHeaders: ['x-b'] },
    { maxAge: '24h' },
    { allowOrigin: ['*'] },
  ])('may be %j', (corsPolicy) => {
    expect(withRoute({ corsPolicy })).toEqual([]);
  });

  test.each([
    [{ allowOrigins: [{}] }, 'Error corsPolicy.allowOrigins[0]'],
    [{ allowOrigins: [{ exact: '' }] }, 'Error corsPolicy.allowOrigins[0]'],
    [{ allowOrigins: [{ regex: '(' }] }, 'Error corsPolicy.allowOrigins[0].regex'],
    [{ allowMethods: ['get'] }, 'Error corsPolicy.allowMethods[0]'],
    [{ allowMethods: ['GOT'] }, 'Error corsPolicy.allowMethods[0]'],
    [{ allowHeaders: [''] }, 'Error corsPolicy.allowHeaders[0]'],
    [{ exposeHeaders: ['x y'] }, 'Error corsPolicy.exposeHeaders[0]'],
    [{ allowHeaders: ['x-a,x-b'] }, 'Warning corsPolicy.allowHeaders[0]'],
    [{ maxAge: '1.5s' }, 'Error corsPolicy.maxAge'],
    [{ maxAge: '1ms' }, 'Error corsPolicy.maxAge'],
    [{ maxAge: '0s' }, 'Error corsPolicy.maxAge'],
  ])('may not be %j', (corsPolicy, place) => {
    expect(withRoute({ corsPolicy })).toEqual([place]);
  });
});

describe('a fault', () => {
  test.each([
    { delay: { fixedDelay: '1ms' } },
    { delay: { fixedDelay: '5s', percentage: { value: 0.0001 } } },
    { abort: { httpStatus: 200, percentage: { value: 0 } } },
    { abort: { grpcStatus: 'UNAVAILABLE' } },
  ])('may be %j', (fault) => {
    expect(withRoute({ fault })).toEqual([]);
  });

  test.each([
    [{}, 'Error fault'],
    [{ delay: { fixedDelay: '0s' } }, 'Error fault.delay.fixedDelay'],
    [{ delay: { exponentialDelay: '1s' } }, 'Error fault.delay.exponentialDelay'],
    [{ delay: { percentage: { value: 1 } } }, 'Warning fault.delay'],
    [{ delay: { fixedDelay: '1s', percentage: { value: 0.00001 } } }, 'Error fault.delay.percentage.value'],
    [{ abort: { httpStatus: 500, percentage: { value: 0.00001 } } }, 'Error fault.abort.percentage.value'],
    [{ abort: { grpcStatus: 'unavailable' } }, 'Error fault.abort.grpcStatus'],
    [{ abort: { grpcStatus: '14' } }, 'Error fault.abort.grpcStatus'],
    [{ abort: { http2Error: 'PROTOCOL_ERROR' } }, 'Error fault.abort.http2Error'],
    [{ abort: { httpStatus: 600 } }, 'Warning fault.abort.httpStatus'],
    [{ abort: { percentage: { value: 1 } } }, 'Warning fault.abort'],
  ])('%j is reported', (fault, place) => {
    expect(withRoute({ fault })).toEqual([place]);
  });
});
