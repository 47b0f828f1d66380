/**
 * Remembers what was made for one proxy, for all proxies that would get the same: a builder is watched for what
 * it reads of the proxy and of the snapshot, and its result holds for whoever has the same there.
 */

import type { KindKey } from '../api/kind-info.ts';
import type { ProxyIdentity } from './proxy-identity.ts';

/** A field of the identity, or after a space one entry of a field that is a map. */
type Path = string;

/** Hears of kinds whose objects are read. */
export type ReadKinds = (kinds: readonly KindKey[]) => void;

interface Leaf<Result> {
  readonly result: Result;
  /** Kinds of objects that it was made from. */
  readonly kinds: ReadonlySet<KindKey>;
}

/** Builders are deterministic, so what is read next depends only on what has been read: reads make a tree. */
interface Branch<Result> {
  readonly path: Path;
  readonly next: Map<string, Node<Result>>;
}

type Node<Result> = Leaf<Result> | Branch<Result>;

/** Fields whose entries are read one by one. */
const MAPS: ReadonlySet<string> = new Set(['labels', 'metadata'] satisfies (keyof ProxyIdentity)[]);

/** Results that are kept at most; with more proxies than that all is made anew now and then. */
const MAX_RESULTS = 100_000;

export class Memo<Result> {
  #root: Node<Result> | undefined;
  #size = 0;

  /**
   * The result for the proxy: a remembered one, or that of `build`, which sees the proxy through a watched copy.
   * `onUse` hears of the kinds that the result was made from, for whoever makes something of it.
   */
  get(
    proxy: ProxyIdentity,
    build: (watched: ProxyIdentity, onRead: ReadKinds) => Result,
    onUse?: ReadKinds,
  ): Result {
    const known = this.#find(proxy) ?? this.#make(proxy, build);
    onUse?.([...known.kinds]);
    return known.result;
  }

  #make(proxy: ProxyIdentity, build: (watched: ProxyIdentity, onRead: ReadKinds) => Result): Leaf<Result> {
    const paths = new Set<Path>();
    const kinds = new Set<KindKey>();
    const watched = watch(proxy, (path) => paths.add(path));
    const result = build(watched, (read) => {
      for (const kind of read) kinds.add(kind);
    });
    if (this.#size >= MAX_RESULTS) this.clear();
    this.#size += 1;
    const leaf = { result, kinds };
    this.#root = insert(this.#root, [...paths], proxy, leaf);
    return leaf;
  }

  #find(proxy: ProxyIdentity): Leaf<Result> | undefined {
    let node = this.#root;
    while (node !== undefined && 'path' in node) node = node.next.get(valueAt(proxy, node.path));
    return node;
  }

  /** Forgets what was made from objects of these kinds. */
  forget(kinds: ReadonlySet<KindKey>): void {
    this.#size = 0;
    this.#root = this.#root === undefined ? undefined : this.#without(this.#root, kinds);
  }

  #without(node: Node<Result>, kinds: ReadonlySet<KindKey>): Node<Result> | undefined {
    if (!('path' in node)) {
      if ([...node.kinds].some((kind) => kinds.has(kind))) return undefined;
      this.#size += 1;
      return node;
    }
    for (const [value, next] of node.next) {
      if (this.#without(next, kinds) === undefined) node.next.delete(value);
    }
    return node.next.size === 0 ? undefined : node;
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  clear(): void {
    this.#root = undefined;
    this.#size = 0;
  }
}

function insert<Result>(
  node: Node<Result> | undefined,
  paths: readonly Path[],
  proxy: ProxyIdentity,
  leaf: Leaf<Result>,
): Node<Result> {
  const [path, ...rest] = paths;
  if (path === undefined) return leaf;
  const branch =
    node !== undefined && 'path' in node && node.path === path ? node : { path, next: new Map() };
  const value = valueAt(proxy, path);
  branch.next.set(value, insert(branch.next.get(value), rest, proxy, leaf));
  return branch;
}

function valueAt(proxy: ProxyIdentity, path: Path): string {
  const space = path.indexOf(' ');
  const fields = proxy as unknown as Readonly<Record<string, unknown>>;
  if (space < 0) return String(JSON.stringify(fields[path]));
  const map = fields[path.slice(0, space)] as Readonly<Record<string, unknown>>;
  const key = path.slice(space + 1);
  return Object.hasOwn(map, key) ? String(JSON.stringify(map[key])) : '';
}

/** The same identity, whose readers are heard. */
function watch(proxy: ProxyIdentity, onRead: (path: Path) => void): ProxyIdentity {
  const maps = new Map<string, object>();
  return new Proxy(proxy, {
    get(target, field) {
      const value: unknown = Reflect.get(target, field);
      if (typeof field !== 'string') return value;
      if (!MAPS.has(field)) {
        onRead(field);
        return value;
      }
      let map = maps.get(field);
      if (map === undefined) maps.set(field, (map = watchMap(value as object, field, onRead)));
      return map;
    },
  });
}

function watchMap(map: object, field: string, onRead: (path: Path) => void): object {
  const read = (key: string | symbol): void => {
    if (typeof key === 'string') onRead(`${field} ${key}`);
  };
  return new Proxy(map, {
    get(target, key) {
      read(key);
      return Reflect.get(target, key) as unknown;
    },
    has(target, key) {
      read(key);
      return Reflect.has(target, key);
    },
    getOwnPropertyDescriptor(target, key) {
      read(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    ownKeys(target) {
      onRead(field);
      return Reflect.ownKeys(target);
    },
  });
}
