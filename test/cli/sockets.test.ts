import { expect, test } from 'vitest';
import { socketTable } from '../../src/cli/bug-report/sockets.ts';

test('the tables of Linux are shown as addresses, ports and states', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:3A98 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1337        0 28849 1 00000000afcc2780 100 0 0 10 0
   1: 0500000A:C350 0707600A:0050 01 00000010:0000000A 00:00000000 00000000     0        0 30063 1 0000000092b9d395 20 4 30 10 -1
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:3AAD 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1337        0 1 1 0 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F90 B80D0120000000000000000001000000:01BB 06 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
what is no row
`;
  expect(socketTable(text))
    .toBe(`STATE           LOCAL                       REMOTE                         RECV-Q     SEND-Q     UID
LISTEN          127.0.0.1:15000             0.0.0.0:0                      0          0          1337
ESTABLISHED     10.0.0.5:50000              10.96.7.7:80                   10         16         0
LISTEN          [0:0:0:0:0:0:0:0]:15021     [0:0:0:0:0:0:0:0]:0            0          0          1337
TIME_WAIT       127.0.0.1:8080              [2001:db8:0:0:0:0:0:1]:443     0          0          0
`);
});
