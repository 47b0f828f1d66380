/** An address cut to its network, as `10.1.0.0/16`. */

import { BlockList, isIPv4 } from 'node:net';

export function maskedCidr(ip: string, v4Length: number, v6Length: number): string {
  if (isIPv4(ip)) {
    const bytes = ip.split('.').map(Number);
    return `${mask(bytes, v4Length, 8).join('.')}/${v4Length}`;
  }
  const groups = mask(ipv6Groups(ip), v6Length, 16).map((group) => group.toString(16));
  return `${compressed(groups)}/${v6Length}`;
}

function mask(parts: readonly number[], length: number, bits: number): number[] {
  return parts.map((part, index) => {
    const kept = Math.max(0, Math.min(bits, length - index * bits));
    return part & ((2 ** kept - 1) << (bits - kept));
  });
}

/** Eight numbers; zeros where the text is no address. */
function ipv6Groups(ip: string): number[] {
  const [head = '', tail] = ip.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? '');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => 0);
  return [...before, ...zeros, ...after].slice(0, 8);
}

/** The address in its shortest form, which Node.js knows. */
function compressed(groups: readonly string[]): string {
  const list = new BlockList();
  list.addAddress(groups.join(':'), 'ipv6');
  return list.rules[0]?.split(' ').at(-1) ?? groups.join(':');
}
