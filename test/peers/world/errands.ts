/** Requests, as a client in the test's network makes them; one connection for each. */

import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Echo, Errand, Outcome } from './courier-messages.ts';

type Answer = Omit<Outcome, 'took' | 'echo'>;

/** Never throws: that nobody answers is an outcome too. */
export async function run(errand: Errand): Promise<Outcome> {
  const start = performance.now();
  const answer = await once(errand).catch((error: Error): Answer => ({
    status: 0,
    headers: {},
    text: '',
    error: error.message,
  }));
  const echo = echoIn(answer.text);
  return { ...answer, ...(echo === undefined ? {} : { echo }), took: performance.now() - start };
}

function once(errand: Errand): Promise<Answer> {
  switch (errand.protocol ?? 'http') {
    case 'http':
    case 'https':
      return overHttp(errand);
    case 'http2':
      return overHttp2(errand);
    default:
      return overBytes(errand);
  }
}

function place({ to }: Errand): { host: string; port: number } | { socketPath: string } {
  if (to.startsWith('unix://')) return { socketPath: to.slice('unix://'.length) };
  const colon = to.lastIndexOf(':');
  return { host: to.slice(0, colon), port: Number(to.slice(colon + 1)) };
}

function tcpPlace(errand: Errand): { host: string; port: number } {
  const found = place(errand);
  if ('socketPath' in found) throw new Error('only HTTP/1.1 goes to a Unix domain socket');
  return found;
}

function echoIn(text: string): Echo | undefined {
  try {
    const value = JSON.parse(text) as Partial<Echo>;
    return typeof value.ip === 'string' ? (value as Echo) : undefined;
  } catch {
    return undefined;
  }
}

function tlsOptions(errand: Errand): object {
  const { serverName, newestTls, oldestTls, certificate, applicationProtocols, signatures } = errand;
  return {
    ...(oldestTls === undefined ? {} : { minVersion: oldestTls }),
    ...(applicationProtocols === undefined ? {} : { ALPNProtocols: [...applicationProtocols] }),
    ...(signatures === undefined ? {} : { sigalgs: signatures }),
    servername: serverName ?? '',
    rejectUnauthorized: false,
    ...(newestTls === undefined ? {} : { maxVersion: newestTls }),
    ...(certificate === undefined
      ? {}
      : { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }),
  };
}

function subjectOf(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject?.CN ?? '') : undefined;
}

function overHttp(errand: Errand): Promise<Answer> {
  const { protocol, method = 'GET', path = '/', headers = {}, body, from, timeout = 20_000 } = errand;
  const options: RequestOptions = {
    ...place(errand),
    method,
    path,
    headers: headers as Record<string, string | string[]>,
    agent: false,
    signal: AbortSignal.timeout(timeout),
    ...(from === undefined ? {} : { localAddress: from }),
    ...(protocol === 'https' ? tlsOptions(errand) : {}),
  };
  return new Promise((resolve, reject) => {
    const call = (protocol === 'https' ? httpsRequest : httpRequest)(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', reject);
      // Before the socket is given up, which forgets it.
      const certificate = subjectOf(response.socket);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          ...(certificate === undefined ? {} : { certificate }),
        }),
      );
    });
    call.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text: '' });
    });
    call.on('error', reject);
    call.end(body);
  });
}

function overHttp2(errand: Errand): Promise<Answer> {
  const { host, port } = tcpPlace(errand);
  const { method = 'GET', path = '/', headers = {}, body, timeout = 20_000 } = errand;
  const { host: authority, ...others } = headers;
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${host}:${port}`);
    const timer = setTimeout(() => fail(new Error('timeout')), timeout);
    const end = (): void => {
      clearTimeout(timer);
      session.destroy();
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    session.on('error', fail);
    const stream = session.request({
      ':method': method,
      ':path': path,
      ':authority': String(authority ?? `${host}:${port}`),
      ...(others as Record<string, string>),
    });
    let status = 0;
    let answered = {};
    let trailers = {};
    let text = '';
    stream.on('response', (received) => {
      status = Number(received[':status'] ?? 0);
      answered = received;
    });
    stream.on('trailers', (received) => (trailers = received));
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    stream.on('error', fail);
    stream.on('end', () => {
      end();
      resolve({ status, headers: answered, trailers, text });
    });
    stream.end(body);
  });
}

/** Sends the body, and takes what comes until it has come back whole (unless it `holds`), or the other side closes. */
function overBytes(errand: Errand): Promise<Answer> {
  const { protocol, body = 'ping', from, holds = false, timeout = 20_000 } = errand;
  return new Promise((resolve, reject) => {
    const options = { ...tcpPlace(errand), ...(from === undefined ? {} : { localAddress: from }) };
    const socket: Socket =
      protocol === 'tls' ? connectTls({ ...options, ...tlsOptions(errand) }) : connect(options);
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve({ status: text === '' ? 0 : 200, headers: {}, text });
    };
    socket.setTimeout(timeout, () => {
      socket.destroy();
      reject(new Error('timeout'));
    });
    socket.on(protocol === 'tls' ? 'secureConnect' : 'connect', () => void socket.write(body));
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      if (!holds && text.endsWith(body)) done();
    });
    socket.on('error', reject);
    socket.on('close', done);
  });
}
