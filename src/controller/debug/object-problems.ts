/** What is wrong with objects that are in force: where the mesh leaves them out, and where proxies refuse them. */

import type { ConfigReference } from '../../xds/problem.ts';
import type { DebugContext } from './page.ts';

/** What stands beside an object. */
export interface ObjectProblem {
  /** In the proxy's own words where a proxy refuses something. */
  readonly message: string;
  /** The resource that is refused. */
  readonly type_url?: string;
  readonly resource?: string;
  /** Who refuses it. */
  readonly proxies?: string[];
}

/** By `kind|namespace|name`: see `problemKey`. */
export function objectProblems({
  discovery,
  problems,
}: DebugContext): ReadonlyMap<string, readonly ObjectProblem[]> {
  const found = new Map<string, Map<string, ObjectProblem>>();
  const add = (object: ConfigReference, key: string, problem: ObjectProblem, proxy?: string): void => {
    const name = problemKey(object);
    const ofObject = found.get(name) ?? new Map<string, ObjectProblem>();
    const known = ofObject.get(key);
    if (known === undefined) ofObject.set(key, problem);
    else if (proxy !== undefined) known.proxies?.push(proxy);
    found.set(name, ofObject);
  };
  for (const { object, message } of problems()) add(object, message, { message });
  for (const stream of discovery.streams) {
    const proxy = stream.proxy?.id ?? '';
    for (const { typeUrl, refusals } of stream.watches.values()) {
      if (refusals.length === 0) continue;
      const view = stream.served(typeUrl);
      for (const { message, names } of refusals) {
        for (const resource of names) {
          for (const object of view.get(resource)?.changedBy ?? []) {
            const problem = { message, type_url: typeUrl, resource, proxies: [proxy] };
            add(object, `${typeUrl} ${resource} ${message}`, problem, proxy);
          }
        }
      }
    }
  }
  return new Map([...found].map(([name, ofObject]) => [name, [...ofObject.values()]]));
}

export function problemKey({ kind, namespace, name }: ConfigReference): string {
  return `${kind}|${namespace}|${name}`;
}
