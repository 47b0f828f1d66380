/** The process as the pages see it, from its parts. */

import type { ListenerManager } from '../listeners/listener-manager.ts';
import type { ClusterManager } from '../upstream/cluster-manager.ts';
import type { ResourceSources } from '../xds-client/config-sources.ts';
import type { RouteResources } from '../xds-client/route-resources.ts';
import type { AdminView, ServerState } from './page.ts';

type Fixed = Pick<
  AdminView,
  | 'version'
  | 'startedAt'
  | 'commandLine'
  | 'bootstrap'
  | 'log'
  | 'tags'
  | 'intervals'
  | 'rows'
  | 'setLogLevel'
  | 'resetCounters'
  | 'drainListeners'
  | 'quit'
  | 'failHealthChecks'
  | 'reopenLogs'
>;

export interface ServerParts extends Fixed {
  readonly clusterManager: ClusterManager;
  readonly listenerManager: ListenerManager;
  readonly routes: RouteResources;
  readonly sources: ResourceSources;
  state(): ServerState;
  /** Names of the clusters of the bootstrap. */
  readonly staticClusterNames: Iterable<string>;
  waitingFor(): readonly string[];
}

export function adminView(parts: ServerParts): AdminView {
  const { clusterManager, listenerManager, routes, sources } = parts;
  return {
    ...parts,
    get state() {
      return parts.state();
    },
    get clusters() {
      return clusterManager.active;
    },
    get staticClusters() {
      return [...parts.staticClusterNames].flatMap((name) => clusterManager.newest(name) ?? []);
    },
    get warmingClusters() {
      return new Set([...clusterManager.warming].map(({ name }) => name));
    },
    get listeners() {
      return listenerManager.active;
    },
    get warmingListeners() {
      return new Set(listenerManager.warming.map(({ name }) => name));
    },
    get inlineRoutes() {
      return routes.inlined;
    },
    states: (typeUrl) => sources.states(typeUrl),
    get waitingFor() {
      return parts.waitingFor();
    },
  };
}
