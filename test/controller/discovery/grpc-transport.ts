/** A connection of its own to a controller for a proxy of tests: real HTTP/2, and no library between. */

import { connect } from 'node:http2';
import type { Protocol } from '../../../src/controller/discovery/protocol.ts';
import { Deframer, framed } from '../../../src/controller/grpc/framing.ts';
import type { Transport } from './simple-proxy.ts';

const METHODS = { delta: 'DeltaAggregatedResources', 'state-of-the-world': 'StreamAggregatedResources' };

/** `onEnd` hears that the controller, or the network, has ended the connection. */
export function overGrpc(port: number, protocol: Protocol, onEnd: () => void): Transport {
  return (onMessage) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/envoy.service.discovery.v3.AggregatedDiscoveryService/${METHODS[protocol.name]}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const deframer = new Deframer({ message: 1 << 26, total: 1 << 30 }, { bytes: 0 });
    let isOpen = true;
    const ended = (): void => {
      if (isOpen) onEnd();
      isOpen = false;
    };
    session.on('error', ended);
    stream.on('error', ended);
    stream.on('close', ended);
    stream.on('data', (part: Buffer) => deframer.take(part, (message) => isOpen && onMessage(message)));
    return {
      send: (bytes) => {
        if (isOpen) for (const piece of framed([bytes])) stream.write(piece);
      },
      close: () => {
        isOpen = false;
        session.destroy();
      },
    };
  };
}
