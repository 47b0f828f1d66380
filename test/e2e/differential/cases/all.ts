/** All scenarios. */

import type { Scenario } from '../scenario.ts';
import { AGGREGATE } from './aggregates.ts';
import { FILTERS } from './filters.ts';
import { FORWARDING } from './forwarding.ts';
import { HEADERS } from './headers.ts';
import { HTTP } from './http.ts';
import { MANAGER } from './manager.ts';
import { REDIRECTS } from './redirects.ts';
import { REPEATED_HEADERS } from './repeated-headers.ts';
import { ROUTING } from './routing.ts';

export const SCENARIOS: readonly Scenario[] = [...ROUTING, ...HEADERS, ...REPEATED_HEADERS, ...FORWARDING, ...REDIRECTS, ...AGGREGATE, ...HTTP, ...MANAGER, ...FILTERS];
