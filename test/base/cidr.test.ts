import { describe, expect, it } from 'vitest';
import { cidrContains, cidrsOverlap, isIp, parseCidr, parseIp, parseSubnet } from '../../src/base/cidr.ts';

describe('an IP address', () => {
  it.each([
    ['0.0.0.0', 4, 0n],
    ['10.0.0.1', 4, 0x0a000001n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['2001:db8::ff', 6, 0x20010db80000000000000000000000ffn],
    ['001:db8::', 6, 0x00010db8000000000000000000000000n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['::ffff:1.2.3.4', 6, 0xffff01020304n],
    ['1:2:3:4:5:6:7::', 6, 0x00010002000300040005000600070000n],
  ])('%s is of family %i', (text, family, value) => {
    expect(parseIp(text)).toEqual({ family, value });
  });

  it('keeps the zone of an IPv6 address', () => {
    expect(parseIp('fe80::1%eth0')).toMatchObject({ family: 6, zone: 'eth0' });
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '+1.2.3.4',
    '1.2.3.4%eth0',
    'a.b.c.d',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    '::g',
    'fe80::1%',
    '1.2.3.4::',
    '::1.2.3',
    '[::1]',
    '10.0.0.0/8',
    `${'0'.repeat(200)}::`,
  ])('is not %j', (text) => {
    expect(isIp(text)).toBe(false);
  });
});

describe('a CIDR block', () => {
  it.each(['10.0.0.0/8', '10.1.2.3/8', '0.0.0.0/0', '1.1.1.1/32', '2001:db8::/32', '::/0', '::1/128'])(
    'is %s',
    (text) => {
      expect(parseCidr(text)).toBeDefined();
    },
  );

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/+8',
    '/8',
    '1.1.1.1/8/8',
    'fe80::1%a/8',
  ])('is not %j', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('may be a single address where a subnet is asked for', () => {
    expect(parseSubnet('10.0.0.1')?.bits).toBe(32);
    expect(parseSubnet('::1')?.bits).toBe(128);
    expect(parseSubnet('10.0.0.0/8')?.bits).toBe(8);
    expect(parseSubnet('a/8')).toBeUndefined();
  });

  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['0.0.0.0/0', '9.9.9.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::', false],
  ])('%s contains %s: %s', (block, address, expected) => {
    const [cidr, ip] = [parseCidr(block), parseIp(address)];
    expect(cidr !== undefined && ip !== undefined && cidrContains(cidr, ip)).toBe(expected);
  });

  it.each([
    ['10.0.0.0/8', '10.1.0.0/16', true],
    ['10.1.0.0/16', '10.0.0.0/8', true],
    ['10.0.0.0/16', '10.1.0.0/16', false],
    ['10.0.0.0/8', '::/0', false],
  ])('%s and %s overlap: %s', (left, right, expected) => {
    const [a, b] = [parseCidr(left), parseCidr(right)];
    expect(a !== undefined && b !== undefined && cidrsOverlap(a, b)).toBe(expected);
  });
});
