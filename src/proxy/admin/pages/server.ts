/** Pages about the process itself. */

import { messageToJson } from '../../../xds/proto/registry.ts';
import { type AdminPage, json, text } from '../page.ts';

export const READY: AdminPage = {
  path: '/ready',
  description: 'print server state, return 200 if LIVE, otherwise return 503',
  respond: (_request, { state }) => text(`${state}\n`, state === 'LIVE' ? 200 : 503),
};

export const SERVER_INFO: AdminPage = {
  path: '/server_info',
  description: 'print server version/status information',
  respond(_request, view) {
    const uptime = `${Math.floor((Date.now() - view.startedAt) / 1000)}s`;
    const { node } = view.bootstrap;
    return json({
      version: `lateen/${view.version}/Clean/RELEASE/OpenSSL`,
      state: view.state,
      uptime_current_epoch: uptime,
      uptime_all_epochs: uptime,
      hot_restart_version: 'disabled',
      command_line_options: view.commandLine,
      ...(node === undefined ? {} : { node: messageToJson(node) }),
    });
  },
};

export const QUIT: AdminPage = {
  path: '/quitquitquit',
  description: 'exit the server',
  mutates: true,
  respond(_request, view) {
    view.quit();
    return text('OK\n');
  },
};

export const FAIL: AdminPage = {
  path: '/healthcheck/fail',
  description: 'cause the server to fail health checks',
  mutates: true,
  respond(_request, view) {
    view.failHealthChecks(true);
    return text('OK\n');
  },
};

export const OK: AdminPage = {
  path: '/healthcheck/ok',
  description: 'cause the server to pass health checks',
  mutates: true,
  respond(_request, view) {
    view.failHealthChecks(false);
    return text('OK\n');
  },
};

export const MEMORY: AdminPage = {
  path: '/memory',
  description: 'print current allocation/heap usage',
  respond() {
    const { heapUsed, heapTotal, external, rss } = process.memoryUsage();
    return json({
      allocated: String(heapUsed + external),
      heap_size: String(heapTotal + external),
      pageheap_unmapped: '0',
      pageheap_free: String(heapTotal - heapUsed),
      total_thread_cache: '0',
      total_physical_bytes: String(rss),
    });
  },
};

export const INIT_DUMP: AdminPage = {
  path: '/init_dump',
  description: 'dump current Envoy init manager information (experimental)',
  respond(_request, { waitingFor }) {
    if (waitingFor.length === 0) return json({});
    return json({ unready_targets_dumps: [{ name: 'server', target_names: waitingFor }] });
  },
};

export const RUNTIME: AdminPage = {
  path: '/runtime',
  description: 'print runtime values',
  respond(_request, { bootstrap }) {
    const layers = bootstrap.layeredRuntime?.layers ?? [];
    const values = layers.map(({ layerSpecifier: layer }) =>
      layer.case === 'staticLayer' ? flattened(layer.value as object) : new Map<string, string>(),
    );
    const keys = [...new Set(values.flatMap((one) => [...one.keys()]))].sort();
    const entries = keys.map((key) => {
      const all = values.map((one) => one.get(key) ?? '');
      return [key, { final_value: all.findLast((value) => value !== '') ?? '', layer_values: all }];
    });
    return json({ layers: layers.map(({ name }) => name), entries: Object.fromEntries(entries) });
  },
};

/** Values by their dotted names. */
function flattened(values: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of flattened(value, `${prefix}${name}.`)) flat.set(key, inner);
    } else flat.set(prefix + name, String(value));
  }
  return flat;
}

export const REOPEN_LOGS: AdminPage = {
  path: '/reopen_logs',
  description: 'reopen access logs',
  mutates: true,
  respond(_request, view) {
    view.reopenLogs();
    return text('OK\n');
  },
};

export const HOT_RESTART_VERSION: AdminPage = {
  path: '/hot_restart_version',
  description: 'print the hot restart compatibility version',
  respond: () => text('disabled'),
};
