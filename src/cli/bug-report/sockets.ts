/** Connections of a pod, from the tables of Linux: what `netstat` makes of them, which few images have. */

import { formatTable } from '../output/table.ts';

/** https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html */
const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
  '0C': 'NEW_SYN_RECV',
};

/** A row: number, local and remote address, state, queues, timer, retransmits, user. */
const ROW =
  /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]+):([0-9A-F]+) \S+ \S+ +(\d+)/i;

/** A table of the rows of `/proc/net/tcp` and `/proc/net/tcp6`; other lines are left out. */
export function socketTable(text: string): string {
  const rows = text.split('\n').flatMap((line) => {
    const match = ROW.exec(line);
    if (match === null) return [];
    const [
      ,
      local = '',
      localPort = '',
      remote = '',
      remotePort = '',
      state = '',
      sent = '',
      received = '',
      user = '',
    ] = match;
    return [
      [
        STATES[state.toUpperCase()] ?? state,
        `${addressOf(local)}:${Number.parseInt(localPort, 16)}`,
        `${addressOf(remote)}:${Number.parseInt(remotePort, 16)}`,
        String(Number.parseInt(received, 16)),
        String(Number.parseInt(sent, 16)),
        user,
      ],
    ];
  });
  return formatTable(['STATE', 'LOCAL', 'REMOTE', 'RECV-Q', 'SEND-Q', 'UID'], rows);
}

/** Words of 32 bits, each with its least byte first, as processors with that order have them. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (bytes.length === 4 || isMapped) return bytes.slice(-4).join('.');
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return `[${groups.join(':')}]`;
}
