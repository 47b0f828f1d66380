/** What is made of targets, for all proxies and states in which it comes out the same. */

import type { DestinationRule } from '../../model/destination-rules.ts';
import type { MeshService } from '../../model/services.ts';
import type { Input } from '../input.ts';
import { Memo, type World } from '../memo.ts';
import { ProblemList, type TranslationProblem } from '../problem.ts';
import type { Resource } from '../resource.ts';
import type { Target } from './targets.ts';

interface Made {
  readonly resource: Resource | undefined;
  readonly problems: readonly TranslationProblem[];
}

type ByRule = WeakMap<DestinationRule | typeof NO_RULE, Memo<Made>>;

const NO_RULE = {};

/**
 * One value for each service and rule: namespaces may see different services under one host, and different rules
 * for one service. What was made of objects that are gone goes with them.
 */
export class TargetMemo {
  readonly #finish: (resource: Resource) => Resource;
  #byService = new WeakMap<MeshService, Map<string, ByRule>>();

  constructor(finish: (resource: Resource) => Resource) {
    this.#finish = finish;
  }

  /** What `build` makes of the target. Reports to `input` what was reported when it was made. */
  get(
    target: Target,
    input: Input,
    world: World,
    build: (target: Target, input: Input) => Resource | undefined,
  ): Resource | undefined {
    const make = (proxy: Input['proxy'], reads: Input['reads']): Made => {
      const problems = new ProblemList();
      const snapshot = input.snapshot.recording(reads);
      const made = build(target, { ...input, proxy, snapshot, reads, report: problems.report });
      return { resource: made && this.#finish(made), problems: problems.all };
    };
    const { resource, problems } = this.#of(target).get(input.proxy, world, make, input.reads);
    for (const { object, message } of problems) input.report(object, message);
    return resource;
  }

  #of({ service, rule, name, discovery }: Target): Memo<Made> {
    let byName = this.#byService.get(service);
    if (byName === undefined) this.#byService.set(service, (byName = new Map()));
    const key = `${discovery} ${name}`;
    let byRule = byName.get(key);
    if (byRule === undefined) byName.set(key, (byRule = new WeakMap()));
    let memo = byRule.get(rule ?? NO_RULE);
    if (memo === undefined) byRule.set(rule ?? NO_RULE, (memo = new Memo()));
    return memo;
  }

  clear(): void {
    this.#byService = new WeakMap();
  }
}
