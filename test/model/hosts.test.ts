import { describe, expect, it } from 'vitest';
import { fullHostname, hostCovers, hostsOverlap, parseServiceHostname } from '../../src/model/hosts.ts';

describe('a host that somebody wrote', () => {
  it.each([
    ['reviews', 'reviews.shop.svc.cluster.local'],
    ['Reviews', 'Reviews.shop.svc.cluster.local'],
    ['::1', '::1'],
    ['reviews.other.svc.cluster.local', 'reviews.other.svc.cluster.local'],
    ['www.example.com', 'www.example.com'],
    ['*', '*'],
    ['*.example.com', '*.example.com'],
  ])('%s in namespace shop is %s', (host, full) => {
    expect(fullHostname(host, 'shop')).toBe(full);
  });

  it('falls into the domain of the cluster', () => {
    expect(fullHostname('reviews', 'shop', 'mesh.internal')).toBe('reviews.shop.svc.mesh.internal');
  });
});

describe('the full name of a service', () => {
  it.each([
    ['reviews.shop.svc.cluster.local', { name: 'reviews', namespace: 'shop' }],
    ['pod-0.reviews.shop.svc.cluster.local', undefined],
    ['reviews.shop', undefined],
    ['www.example.com', undefined],
    ['.svc.cluster.local', undefined],
  ])('%s parts into %o', (hostname, expected) => {
    expect(parseServiceHostname(hostname)).toEqual(expected);
  });
});

describe('a wildcard', () => {
  it.each([
    ['*', 'a.example.com', true],
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', '*.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.b.example.com', '*.example.com', false],
    ['a.example.com', 'a.example.com', true],
    ['A.example.com', 'a.EXAMPLE.com', false],
    ['*.Example.com', 'a.example.com', false],
    ['*example.com', 'example.com', true],
    ['*example.com', 'my-example.com', true],
    ['a.example.com', '*.example.com', false],
    ['*.example.com', '*', false],
  ])('%s covers %s: %s', (wide, narrow, expected) => {
    expect(hostCovers(wide, narrow)).toBe(expected);
  });

  it('overlaps with a narrower or a wider one', () => {
    expect(hostsOverlap('*.example.com', 'a.example.com')).toBe(true);
    expect(hostsOverlap('a.example.com', '*')).toBe(true);
    expect(hostsOverlap('a.example.com', 'b.example.com')).toBe(false);
  });
});
