/** A name server of a test's own, over UDP on loopback. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { ipBytes } from '../../../src/proxy/sockets/socket-address.ts';

export interface DnsServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Addresses by name; a name that is not there does not exist. `fail` answers SERVFAIL. */
  readonly records: Map<string, readonly string[] | 'fail'>;
  ttl: number;
  /** Every question that came, as `a.example/A`. */
  readonly asked: string[];
}

const A = 1;
const AAAA = 28;

export async function dnsServer(
  records: Record<string, readonly string[] | 'fail'> = {},
): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const server: Omit<DnsServer, 'address' | 'port' | typeof Symbol.asyncDispose> = {
    records: new Map(Object.entries(records)),
    ttl: 60,
    asked: [],
  };
  socket.on('message', (query, peer) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    server.asked.push(`${name}/${type === A ? 'A' : 'AAAA'}`);
    const found = server.records.get(name);
    const addresses = found === undefined || found === 'fail' ? [] : found;
    const answers = addresses
      .filter((ip) => (type === AAAA) === ip.includes(':'))
      .map((ip) => {
        const data = ipBytes(ip);
        const head = Buffer.alloc(12);
        head.writeUInt16BE(0xc00c, 0);
        head.writeUInt16BE(type, 2);
        head.writeUInt16BE(1, 4);
        head.writeUInt32BE(server.ttl, 6);
        head.writeUInt16BE(data.length, 10);
        return Buffer.concat([head, data]);
      });
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    const code = found === 'fail' ? 2 : found === undefined ? 3 : 0;
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(answers.length, 6);
    socket.send(Buffer.concat([head, question, ...answers]), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return Object.assign(server, {
    address: `127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, 'close');
    },
  });
}
