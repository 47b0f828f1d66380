/** npm's http-proxy as plainly as it can be used: the port to listen on, and that of the backend. */

import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port = '0', backend = '0'] = process.argv.slice(2);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${backend}`,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
});
proxy.on('error', () => undefined);
createServer((request, response) => proxy.web(request, response)).listen(Number(port), '127.0.0.1');
