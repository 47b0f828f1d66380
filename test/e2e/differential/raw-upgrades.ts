/** Requests whose first line and fields an endpoint tells back as they reached it, and answers to those that would change the protocol. */

import { ANSWER_HEADER, TOLD_BACK } from './raw-backend.ts';

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

/** What stands behind the host and the order for the endpoint. */
const FIELDS: readonly (readonly [version: string, fields: string])[] = [
  ['1.1', `${UPGRADE}X-A: 1\r\n`],
  ['1.1', 'X-A: 1\r\nUpgrade: websocket\r\nX-B: 1\r\nConnection: keep-alive, Upgrade\r\nX-C: 1\r\n'],
  ['1.1', 'Connection: Upgrade, X-B\r\nX-A: 1\r\nUpgrade: WebSocket\r\nX-B: 1\r\n'],
  [
    '1.1',
    'Keep-Alive: timeout=5\r\nTE: trailers\r\nX-A: 1\r\nConnection: Upgrade, te\r\nUpgrade: websocket\r\n',
  ],
  ['1.1', 'Connection: Upgrade\r\nX-A: 1\r\nConnection: x\r\nUpgrade: websocket\r\nX-B: 1\r\n'],
  ['1.1', 'X-A: 1\r\nTE: trailers\r\nX-B: 1\r\n'],
  ['1.1', 'TE: gzip\r\nX-A: 1\r\nTE: trailers\r\nX-B: 1\r\nConnection: te, x-a\r\n'],
  ['1.0', `X-A: 1\r\n${UPGRADE}X-B: 1\r\n`],
  ['1.0', 'Upgrade: websocket\r\nX-A: 1\r\nConnection: keep-alive, Upgrade\r\n'],
  ['1.0', 'Upgrade: websocket\r\nX-A: 1\r\n'],
];

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\n';

const ANSWERS: readonly (readonly [version: string, answer: string])[] = [
  ['1.1', `${SWITCHED}X-A: 1\r\n${UPGRADE}X-B: 1\r\n`],
  ['1.0', `${SWITCHED}${UPGRADE}`],
  [
    '1.1',
    `${SWITCHED}Upgrade: websocket\r\nX-A: 1\r\nUpgrade: b\r\nConnection: Upgrade\r\nConnection: x\r\n`,
  ],
  ['1.1', `${SWITCHED}${UPGRADE}Proxy-Connection: x\r\nKeep-Alive: 5\r\nContent-Length: 0\r\n`],
];

const question = (version: string, fields: string, order: string): string =>
  `GET / HTTP/${version}\r\nHost: raw.example\r\n${ANSWER_HEADER}: ${order}\r\n${fields}\r\n`;

/** The endpoint's last word is `next`. */
export const RAW_UPGRADES: readonly (readonly [title: string, bytes: string])[] = [
  ...FIELDS.map(
    ([version, fields]) =>
      [`told back, ${version}: ${JSON.stringify(fields)}`, question(version, fields, TOLD_BACK)] as const,
  ),
  ...ANSWERS.map(([version, answer]) => {
    const order = Buffer.from(`${answer}\r\nnext`).toString('hex');
    return [`answered, ${version}: ${JSON.stringify(answer)}`, question(version, UPGRADE, order)] as const;
  }),
];
