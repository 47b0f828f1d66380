import { describe, expect, it } from 'vitest';
import { inboundRetryPolicy, retryPolicy } from '../../../src/xds/routes/retry.ts';

const STANDARD = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

describe('the reasons for retries', () => {
  it.each([
    [undefined, STANDARD, undefined],
    ['', STANDARD, undefined],
    ['5xx', '5xx', undefined],
    [' 5xx , reset ', '5xx,reset', undefined],
    ['503', 'retriable-status-codes', [503]],
    ['5xx,404,409', '5xx,retriable-status-codes', [404, 409]],
    ['retriable-status-codes,409', 'retriable-status-codes', [409]],
  ])('%j are %s with the codes %j', (...[retryOn, names, codes]) => {
    const policy = retryPolicy({ attempts: 1, ...(retryOn !== undefined && { retryOn }) }, {}, false);
    expect([policy?.retryOn, policy?.retriableStatusCodes]).toEqual([names, codes]);
  });
});

describe('a retry policy', () => {
  it('tries twice more on other endpoints when nothing is said', () => {
    const policy = retryPolicy(undefined, {}, false);
    expect([policy?.numRetries, policy?.retryHostPredicate?.length]).toEqual([2, 1]);
  });

  it('may try the same endpoint when a hash binds requests to it', () => {
    expect(retryPolicy(undefined, {}, true)?.retryHostPredicate).toBeUndefined();
    const policy = retryPolicy({ attempts: 1, retryIgnorePreviousHosts: true }, {}, true);
    expect(policy?.retryHostPredicate).toHaveLength(1);
  });

  it("is the mesh's where the route has none, and none at zero attempts", () => {
    const mesh = { defaultHttpRetryPolicy: { attempts: 7 } };
    expect(retryPolicy(undefined, mesh, false)?.numRetries).toBe(7);
    expect(retryPolicy({ attempts: 0 }, mesh, false)).toBeUndefined();
    expect(retryPolicy(undefined, { defaultHttpRetryPolicy: { attempts: 0 } }, false)).toBeUndefined();
  });

  it('towards the own workload repeats only what never reached it', () => {
    expect(inboundRetryPolicy({})).toEqual({ retryOn: 'reset-before-request', numRetries: 2 });
    expect(inboundRetryPolicy({ defaultInboundHttpRetryPolicy: { attempts: 0 } })).toBeUndefined();
    const mesh = { attempts: 1, retryOn: '5xx', backoff: '2s', perTryTimeout: '1s' };
    expect(inboundRetryPolicy({ defaultInboundHttpRetryPolicy: mesh })).toEqual({
      retryOn: '5xx',
      numRetries: 1,
      retryBackOff: { baseInterval: { seconds: 2n, nanos: 0 } },
    });
  });
});
