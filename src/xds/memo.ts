/**
 * Remembers what was made for one proxy, for all proxies that would get the same: a builder is watched for what
 * it reads of the proxy and of the snapshot, and its result holds for whoever has the same there.
 */

import type { KindKey } from '../api/kind-info.ts';
import type { Fact, Reads, Snapshot } from '../model/snapshot.ts';
import type { ProxyIdentity } from './proxy-identity.ts';

/** A field of the identity, or after a space one entry of a field that is a map. */
type Path = string;

/** The newest state of the mesh, and what has become different on the way to it. */
export interface World {
  readonly snapshot: Snapshot;
  /** Grows with each state. */
  readonly generation: number;
  /** Whether objects of one of these kinds have changed since an earlier generation. */
  hasChanged(kinds: ReadonlySet<KindKey>, since: number): boolean;
}

interface Leaf<Result> {
  readonly result: Result;
  /** What was read of the proxy, in the order of reading. */
  readonly paths: readonly Path[];
  /** Kinds of objects that it was made from. */
  readonly kinds: ReadonlySet<KindKey>;
  readonly facts: readonly Fact[];
  /** The newest generation for which it is known to hold. */
  holdsAt: number;
  usedAt: number;
  /** Another one stands in its place, or none. */
  isGone: boolean;
}

/** Builders are deterministic, so what is read next depends only on what has been read: reads make a tree. */
interface Branch<Result> {
  readonly path: Path;
  readonly next: Map<string, Node<Result>>;
}

type Node<Result> = Leaf<Result> | Branch<Result>;

/** Makes the result for a proxy, seen through a watched copy; `earlier` is one that held for it in an earlier state. */
export type Build<Result> = (watched: ProxyIdentity, reads: Reads, earlier: Result | undefined) => Result;

/** Fields whose entries are read one by one. */
const MAPS: ReadonlySet<string> = new Set(['labels', 'metadata'] satisfies (keyof ProxyIdentity)[]);

/** Results that are kept at most; with more proxies than that all is made anew now and then. */
const MAX_RESULTS = 100_000;

export class Memo<Result> {
  #root: Node<Result> | undefined;
  #size = 0;
  /** What each proxy was given last. With a change most of it holds, and thousands of proxies ask. */
  #last = new WeakMap<ProxyIdentity, Leaf<Result>>();

  /**
   * The result for the proxy: a remembered one that still holds, or that of `build`. `onUse` hears what the
   * result was made from, for whoever makes something of it.
   */
  get(proxy: ProxyIdentity, world: World, build: Build<Result>, onUse?: Reads): Result {
    const leaf = this.#lastOf(proxy, world) ?? this.#leafOf(proxy, world, build);
    leaf.usedAt = world.generation;
    onUse?.kinds([...leaf.kinds]);
    if (onUse !== undefined) for (const fact of leaf.facts) onUse.fact(fact);
    return leaf.result;
  }

  #lastOf(proxy: ProxyIdentity, world: World): Leaf<Result> | undefined {
    const last = this.#last.get(proxy);
    return last === undefined || last.isGone || !holds(last, world) ? undefined : last;
  }

  #leafOf(proxy: ProxyIdentity, world: World, build: Build<Result>): Leaf<Result> {
    const known = this.#find(proxy);
    const leaf = known !== undefined && holds(known, world) ? known : this.#make(proxy, world, build, known);
    // Who reads through a watched copy has to hear of all that the search reads, each time.
    if (!WATCHED.has(proxy)) this.#last.set(proxy, leaf);
    return leaf;
  }

  #make(
    proxy: ProxyIdentity,
    { generation }: World,
    build: Build<Result>,
    earlier: Leaf<Result> | undefined,
  ): Leaf<Result> {
    // What is taken over from the earlier result depends on what that one depended on.
    const paths = new Set<Path>(earlier?.paths);
    const kinds = new Set<KindKey>();
    const facts: Fact[] = [];
    const watched = watch(proxy, (path) => paths.add(path));
    const reads: Reads = {
      kinds: (read) => {
        for (const kind of read) kinds.add(kind);
      },
      fact: (fact) => facts.push(fact),
    };
    const result = build(watched, reads, earlier?.result);
    if (this.#size >= MAX_RESULTS) this.clear();
    if (earlier !== undefined) earlier.isGone = true;
    const at = { holdsAt: generation, usedAt: generation, isGone: false };
    const leaf = { result, paths: [...paths], kinds, facts, ...at };
    this.#size += 1;
    this.#root = insert(this.#root, leaf.paths, proxy, leaf);
    return leaf;
  }

  #find(proxy: ProxyIdentity): Leaf<Result> | undefined {
    let node = this.#root;
    while (node !== undefined && 'path' in node) node = node.next.get(valueAt(proxy, node.path));
    return node;
  }

  /** Forgets what has not been used since a generation. */
  forgetUnused(since: number): void {
    this.#size = 0;
    this.#root = this.#root === undefined ? undefined : this.#without(this.#root, since);
  }

  #without(node: Node<Result>, since: number): Node<Result> | undefined {
    if (!('path' in node)) {
      if (node.usedAt < since) {
        node.isGone = true;
        return undefined;
      }
      this.#size += 1;
      return node;
    }
    for (const [value, next] of node.next) {
      if (this.#without(next, since) === undefined) node.next.delete(value);
    }
    return node.next.size === 0 ? undefined : node;
  }

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  clear(): void {
    this.#root = undefined;
    this.#size = 0;
    this.#last = new WeakMap();
  }
}

function holds(leaf: Leaf<unknown>, world: World): boolean {
  if (leaf.holdsAt === world.generation) return true;
  if (world.hasChanged(leaf.kinds, leaf.holdsAt)) return false;
  if (leaf.facts.some(({ read, value }) => read(world.snapshot) !== value)) return false;
  leaf.holdsAt = world.generation;
  return true;
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

/** What was read of identities themselves, not of watched copies, whose reads have to be heard. */
const VALUES = new WeakMap<ProxyIdentity, Map<Path, string>>();
const WATCHED = new WeakSet<ProxyIdentity>();

function valueAt(proxy: ProxyIdentity, path: Path): string {
  if (WATCHED.has(proxy)) return readAt(proxy, path);
  let values = VALUES.get(proxy);
  if (values === undefined) VALUES.set(proxy, (values = new Map()));
  let value = values.get(path);
  if (value === undefined) values.set(path, (value = readAt(proxy, path)));
  return value;
}

function readAt(proxy: ProxyIdentity, path: Path): string {
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
  const watched = new Proxy(proxy, {
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
  WATCHED.add(watched);
  return watched;
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
