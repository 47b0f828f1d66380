/** Well is who takes a connection, and answers as it should where something is asked. */

import type { HealthCheck_TcpHealthCheck } from '../../../xds/proto/generated/envoy/config/core/v3/health_check_pb.js';
import { refuseFields } from '../../config-error.ts';
import { HEALTHY, NETWORK_FAILURE, type ProbeFactory, payloadBytes } from './probe.ts';

export function tcpProbe(
  field: string,
  config: HealthCheck_TcpHealthCheck,
  alpn: readonly string[],
): ProbeFactory {
  refuseFields(field, { proxy_protocol_config: config.proxyProtocolConfig !== undefined });
  const send = config.send === undefined ? undefined : payloadBytes(`${field}.send`, config.send);
  const receive = config.receive.map((one, index) => payloadBytes(`${field}.receive[${index}]`, one));
  return (target) => ({
    ask: (onResult) => {
      const socket = target.connect(alpn);
      const isTls = 'encrypted' in socket && socket.encrypted === true;
      let bytes: Buffer = Buffer.alloc(0);
      let isDone = false;
      const finish = (result: Parameters<typeof onResult>[0]) => {
        if (isDone) return;
        isDone = true;
        socket.destroy();
        onResult(result);
      };
      socket.on('error', () => finish(NETWORK_FAILURE));
      socket.on('close', () => finish(NETWORK_FAILURE));
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        if (send !== undefined && send.length > 0) socket.write(send);
        if (receive.length === 0) finish(HEALTHY);
      });
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (containsInOrder(bytes, receive)) finish(HEALTHY);
        // An endpoint that talks for ever is not believed.
        else if (bytes.length > 1 << 20) finish(NETWORK_FAILURE);
      });
      return {
        stop: () => {
          isDone = true;
          socket.destroy();
        },
      };
    },
    close: () => undefined,
  });
}

/** Whether all parts stand there one after the other, with anything between them. */
export function containsInOrder(bytes: Buffer, parts: readonly Buffer[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = bytes.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
