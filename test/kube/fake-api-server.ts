/** An API server in process: lists in pages, watches with bookmarks, and whatever fault a test asks for. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Access } from '../../src/kube/access.ts';
import { freePort } from '../peers/free-ports.ts';

export interface Item {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly managedFields?: readonly unknown[];
  };
  readonly [field: string]: unknown;
}

interface Change {
  readonly version: number;
  readonly path: string;
  readonly type: string;
  readonly object: Item;
}

interface Watcher {
  readonly path: string;
  readonly response: ServerResponse;
}

/** What a request is answered with in place of what is there. */
export interface Fault {
  readonly status: number;
  readonly message?: string;
  readonly headers?: Record<string, string>;
}

export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export class FakeApiServer {
  /** Paths and queries of all requests, in order. */
  readonly requests: URL[] = [];
  /** Gives the fault of a request, if it is to have one. */
  fault: (url: URL) => Fault | undefined = () => undefined;
  readonly #server: Server;
  readonly #lists = new Map<string, Map<string, Item>>();
  readonly #watchers = new Set<Watcher>();
  #changes: Change[] = [];
  #version = 10;
  #port = 0;
  #waiting: (() => void)[] = [];

  constructor() {
    this.#server = this.#make();
    this.serve('core', 'v1');
    this.#lists.set(DEFINITIONS, new Map());
  }

  get access(): Access {
    return {
      server: `http://127.0.0.1:${this.#port}`,
      name: 'fake',
      apply: async () => undefined,
    };
  }

  async start(): Promise<void> {
    // Nobody else may get it while this one is stopped.
    this.#port ||= await freePort();
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
  }

  /** Ends all connections and takes no more until it is started again. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** A group (`core` for the one without a name) with these kinds, by their plurals. */
  serve(group: string, version: string, ...plurals: readonly string[]): void {
    for (const plural of plurals) this.#lists.set(pathOf(group, version, plural), new Map());
  }

  /** The kind and all of its objects are gone. */
  unserve(group: string, version: string, plural: string): void {
    this.#lists.delete(pathOf(group, version, plural));
    this.breakWatches();
  }

  put(path: string, item: Item): void {
    const list = this.#lists.get(path);
    if (list === undefined) throw new Error(`${path} is not served`);
    const id = `${item.metadata.namespace ?? ''}/${item.metadata.name}`;
    this.#change(path, list.has(id) ? 'MODIFIED' : 'ADDED', item, (object) => list.set(id, object));
  }

  remove(path: string, name: string, namespace = ''): void {
    const list = this.#lists.get(path);
    const item = list?.get(`${namespace}/${name}`);
    if (list === undefined || item === undefined) throw new Error(`${path} has no ${namespace}/${name}`);
    this.#change(path, 'DELETED', item, () => list.delete(`${namespace}/${name}`));
  }

  /** Forgets the changes so far: a watch that would go on from one of them ends with 410. */
  compact(): void {
    this.#changes = [];
    this.#version++;
  }

  /** Tells every watcher how far it is. */
  bookmark(): void {
    for (const { response } of this.#watchers) {
      const metadata = { resourceVersion: String(this.#version) };
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
    }
  }

  /** Ends all watches, as a load balancer does. */
  breakWatches(): void {
    for (const { response } of this.#watchers) response.destroy();
    this.#watchers.clear();
  }

  /** Sends words to the watchers of a path that no API server says. */
  say(path: string, text: string): void {
    for (const watcher of this.#watchers) if (watcher.path === path) watcher.response.write(text);
  }

  count(isCounted: (url: URL) => boolean): number {
    return this.requests.filter(isCounted).length;
  }

  /** Waits until the requests are so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #change(path: string, type: string, item: Item, store: (object: Item) => void): void {
    this.#version++;
    const object = { ...item, metadata: { ...item.metadata, resourceVersion: String(this.#version) } };
    store(object);
    this.#changes.push({ version: this.#version, path, type, object });
    this.say(path, `${JSON.stringify({ type, object })}\n`);
  }

  #make(): Server {
    return createServer((request, response) => {
      this.#answer(request, response);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://fake');
    this.requests.push(url);
    const fault = this.fault(url);
    if (fault !== undefined) return send(response, fault.status, { message: fault.message }, fault.headers);
    const { pathname: path, searchParams: query } = url;
    const list = this.#lists.get(path);
    if (list === undefined) return this.#answerDiscovery(path, response);
    if (query.get('watch') === 'true')
      return this.#openWatch(path, Number(query.get('resourceVersion')), response);
    const limit = Number(query.get('limit') ?? 0);
    const from = Number(query.get('continue') ?? 0);
    const all = [...list.values()];
    const items = limit > 0 ? all.slice(from, from + limit) : all;
    const next = from + items.length;
    const metadata = {
      resourceVersion: String(this.#version),
      ...(next < all.length ? { continue: String(next) } : {}),
    };
    send(response, 200, { metadata, items });
  }

  #openWatch(path: string, from: number, response: ServerResponse): void {
    const oldest = (this.#changes[0]?.version ?? this.#version + 1) - 1;
    response.writeHead(200);
    response.flushHeaders();
    if (from < oldest) {
      const object = { code: 410, message: 'too old resource version' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watcher = { path, response };
    this.#watchers.add(watcher);
    response.on('close', () => this.#watchers.delete(watcher));
    for (const { type, object, version, path: where } of this.#changes) {
      if (where === path && version > from) response.write(`${JSON.stringify({ type, object })}\n`);
    }
  }

  #answerDiscovery(path: string, response: ServerResponse): void {
    const served = [...this.#lists.keys()].map((one) => one.split('/').slice(1));
    if (path === '/apis') {
      const names = served
        .filter(([root]) => root === 'apis')
        .map(([, group = '', version]) => ({ group, version }));
      const groups = [...Map.groupBy(names, ({ group }) => group)].map(([name, versions]) => ({
        name,
        versions,
      }));
      return send(response, 200, { groups });
    }
    const resources = [...this.#lists.keys()]
      .filter((one) => one.startsWith(`${path}/`))
      .map((one) => ({ name: one.slice(path.length + 1), verbs: ['list', 'watch'] }));
    if (resources.length === 0 && path !== '/api/v1') return send(response, 404, { message: 'not found' });
    send(response, 200, { resources });
  }
}

export function pathOf(group: string, version: string, plural: string): string {
  return group === 'core' ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`;
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
