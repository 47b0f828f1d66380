/** A proxy that carries bytes on to the address that a request names: with CONNECT, or with POST and its body. */

import { type IncomingMessage, type Server, createServer } from 'node:http';
import { type Socket, connect } from 'node:net';

/** Begins nothing by itself; `onRequest` hears each request that asks for a tunnel. */
export function forwardProxy(onRequest: (request: IncomingMessage) => void): Server {
  return createServer((request, response) => {
    onRequest(request);
    const far = dial(request.headers.host);
    far.on('connect', () => response.writeHead(200).flushHeaders());
    request.pipe(far);
    far.pipe(response);
    request.on('error', () => far.destroy());
    response.on('close', () => far.destroy());
  }).on('connect', (request, near) => {
    onRequest(request);
    const far = dial(request.url);
    far.on('connect', () => {
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      near.pipe(far);
      far.pipe(near);
    });
    near.on('error', () => far.destroy());
    near.on('close', () => far.destroy());
  });
}

function dial(place = ''): Socket {
  const colon = place.lastIndexOf(':');
  const far = connect({ host: place.slice(0, colon), port: Number(place.slice(colon + 1)) });
  return far.on('error', () => far.destroy());
}
