/** The pages of the administration interface. */

import type { AdminPage } from './page.ts';
import { CERTS } from './pages/certs.ts';
import { CLUSTERS } from './pages/clusters.ts';
import { CONFIG_DUMP } from './pages/config-dump.ts';
import { helpText, homePage } from './pages/help.ts';
import { DRAIN_LISTENERS, LISTENERS } from './pages/listeners.ts';
import { LOGGING } from './pages/logging.ts';
import {
  FAIL,
  HOT_RESTART_VERSION,
  INIT_DUMP,
  MEMORY,
  OK,
  QUIT,
  READY,
  REOPEN_LOGS,
  RUNTIME,
  SERVER_INFO,
} from './pages/server.ts';
import { PROMETHEUS, RESET_COUNTERS, STATS } from './pages/stats.ts';

const HOME: AdminPage = {
  path: '/',
  description: 'Admin home page',
  respond: () => ({ status: 200, type: 'html', body: homePage(PAGES) }),
};

const HELP: AdminPage = {
  path: '/help',
  description: 'print out list of admin commands',
  respond: () => ({ status: 200, body: helpText(PAGES) }),
};

export const PAGES: readonly AdminPage[] = [
  HOME,
  CERTS,
  CLUSTERS,
  CONFIG_DUMP,
  DRAIN_LISTENERS,
  FAIL,
  OK,
  HELP,
  HOT_RESTART_VERSION,
  INIT_DUMP,
  LISTENERS,
  LOGGING,
  MEMORY,
  QUIT,
  READY,
  REOPEN_LOGS,
  RESET_COUNTERS,
  RUNTIME,
  SERVER_INFO,
  STATS,
  PROMETHEUS,
];
