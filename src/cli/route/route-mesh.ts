/** The mesh that files describe, ready to be asked where requests go. */

import { MeshError } from '../../base/mesh-error.ts';
import type { MeshObject } from '../../config/object.ts';
import { parseText } from '../../config/parse/parse.ts';
import { MESH_GATEWAY } from '../../model/gateways.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { HeaderList } from '../../proxy/http/header-list.ts';
import { REQUEST_SINGLES } from '../../proxy/http/single-headers.ts';
import { normalizedPath } from '../../proxy/route/normalize-path.ts';
import type { RouteRequest } from '../../proxy/route/request.ts';
import { RouteTable } from '../../proxy/route/route-table.ts';
import type { RouteConfiguration } from '../../xds/proto/generated/envoy/config/route/v3/route_pb.js';
import { translate } from '../../xds/translate.ts';
import type { Translated } from '../../xds/translation-memo.ts';
import type { RouteAnswer, RulePlace } from './answer.ts';
import { type Arrival, arrivalAtGateway, arrivalAtSidecar, gatewayPorts, requestPort } from './listeners.ts';
import { destinationsOf, forwarded, outcomePart } from './outcome.ts';
import { type NamedProxy, gatewayProxies, gatewayProxy, sidecarProxy } from './proxies.ts';

export interface RouteQuestion {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly port?: number | undefined;
  /** `namespace/name` of a Gateway. */
  readonly gateway?: string | undefined;
  /** `namespace/workload`, or a namespace. */
  readonly from?: string | undefined;
}

export class RouteMesh {
  readonly snapshot: Snapshot;
  readonly #namespace: string;
  readonly #translated = new Map<NamedProxy['identity'], Translated>();
  readonly #proxies = new Map<string, NamedProxy>();
  readonly #tables = new WeakMap<RouteConfiguration, RouteTable>();
  #gateways: readonly NamedProxy[] | undefined;

  constructor(snapshot: Snapshot, defaultNamespace: string) {
    this.snapshot = snapshot;
    this.#namespace = defaultNamespace;
  }

  /**
   * Where a request goes. Without a gateway or a caller it is asked of the gateways; throws a `MeshError` when
   * several of them take it, or there is none.
   */
  ask(question: RouteQuestion): RouteAnswer {
    const { gateway, from } = question;
    if (gateway !== undefined) {
      const proxy = this.#named(`gateway ${gateway}`, () =>
        gatewayProxy(gateway, this.snapshot, this.#namespace),
      );
      return this.#askOf(proxy, question);
    }
    if (from !== undefined) {
      const proxy = this.#named(`from ${from}`, () => sidecarProxy(from, this.snapshot, this.#namespace));
      return this.#askOf(proxy, question);
    }
    this.#gateways ??= gatewayProxies(this.snapshot);
    const answers = this.#gateways.map((proxy) => this.#askOf(proxy, question));
    const [first] = answers;
    if (first === undefined) {
      throw new MeshError('MissingArgument', 'the files hold no Gateway', {
        hint: 'Say which workload calls with --from NAMESPACE/WORKLOAD, or --from NAMESPACE for any of a namespace.',
      });
    }
    const routed = answers.filter((answer) => answer.routed);
    if (routed.length > 1) {
      throw new MeshError(
        'MissingArgument',
        `several gateways take the request: ${routed.map((one) => one.proxy).join(', ')}`,
        {
          hint: 'Choose one with --gateway NAMESPACE/NAME.',
        },
      );
    }
    // One that knows the host explains more than one that does not.
    return routed[0] ?? answers.find(({ refused }) => refused.length > 0) ?? first;
  }

  /** The rule at a place that an answer names, as it is written; with the VirtualService it is a delegate of. */
  ruleAt({ file, line }: RulePlace): Readonly<Record<string, unknown>> | undefined {
    for (const object of this.snapshot.list('networking.istio.io/VirtualService')) {
      if (object.source.file !== file) continue;
      for (const [index, rule] of (object.value.spec?.http ?? []).entries()) {
        const path = ['spec', 'http', index];
        const lines = [path, ...(rule.match ?? []).map((_, match) => [...path, 'match', match])];
        if (!lines.some((one) => object.source.locate(one).line === line)) continue;
        const namespace = this.snapshot.namespaceOf(object);
        const isDelegate = (object.value.spec?.hosts ?? []).length === 0;
        return { ...rule, ...(isDelegate && { delegate: { name: object.meta.name, namespace } }) };
      }
    }
    return undefined;
  }

  #named(key: string, make: () => NamedProxy): NamedProxy {
    let proxy = this.#proxies.get(key);
    if (proxy === undefined) this.#proxies.set(key, (proxy = make()));
    return proxy;
  }

  #askOf({ identity, title }: NamedProxy, question: RouteQuestion): RouteAnswer {
    let translated = this.#translated.get(identity);
    if (translated === undefined) {
      this.#translated.set(identity, (translated = translate(this.snapshot, identity)));
    }
    const { host, path, method, headers } = question;
    const isGateway = identity.type === 'router';
    const open = isGateway ? gatewayPorts(identity, this.snapshot, translated) : [];
    const port = requestPort(question.port, host, open);
    const arrive = isGateway ? arrivalAtGateway : arrivalAtSidecar;
    const arrival = arrive(port, host, identity, this.snapshot, translated);
    const scheme = arrival.kind === 'http' ? arrival.scheme : 'tcp';
    const base = { proxy: title, port, request: { method, url: `${scheme}://${host}${path}` } };
    if (arrival.kind === 'none') {
      return { ...base, routed: false, result: 'none', reason: arrival.reason, refused: [] };
    }
    if (arrival.kind === 'tcp') {
      const part = forwarded(destinationsOf(arrival.clusters, translated));
      const result = part.result === 'forward' ? 'tcp' : part.result;
      return { ...base, ...part, result, listener: arrival.listener, refused: [] };
    }
    const request: RouteRequest = {
      method,
      scheme: arrival.scheme,
      authority: host,
      path: method === 'CONNECT' ? '' : normalizedPath(path, arrival),
      headers: HeaderList.from(headers, REQUEST_SINGLES),
      random: 0,
    };
    const table = this.#table(arrival);
    const context = { snapshot: this.snapshot, translated, routes: arrival.routes };
    const part = outcomePart(table.match(request), table.refusals(request), request, context);
    return { ...base, listener: arrival.listener, ...part };
  }

  #table({ routes }: Extract<Arrival, { kind: 'http' }>): RouteTable {
    let table = this.#tables.get(routes);
    if (table === undefined) this.#tables.set(routes, (table = new RouteTable(routes)));
    return table;
  }
}

/**
 * Gateways that VirtualServices name and that are not among the objects, as HTTP servers on port 80 for every
 * host: applications often keep their VirtualServices apart from the gateways of the platform.
 */
export function missingGateways(snapshot: Snapshot): {
  readonly names: readonly string[];
  readonly objects: readonly MeshObject[];
} {
  const known = new Set(
    snapshot
      .list('networking.istio.io/Gateway')
      .map((one) => `${snapshot.namespaceOf(one)}/${one.meta.name}`),
  );
  const named = snapshot.virtualServices.flatMap(({ gateways }) => gateways);
  const names = [...new Set(named)].filter((name) => name !== MESH_GATEWAY && !known.has(name));
  const objects = names.flatMap((full) => {
    const [namespace = '', name = ''] = full.split('/');
    const text = JSON.stringify({
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name, namespace },
      spec: {
        selector: { istio: 'ingressgateway' },
        servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*/*'] }],
      },
    });
    return parseText(text, 'assumed.json').objects;
  });
  return { names, objects };
}
