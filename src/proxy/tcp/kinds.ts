/** The network filters that look at connections as such. */

import type { NetworkFilterKind } from '../listeners/network-filter.ts';
import { CONNECTION_LIMIT } from './connection-limit.ts';
import { DIRECT_RESPONSE } from './direct-response.ts';
import { ECHO } from './echo.ts';
import { LOCAL_RATELIMIT } from './local-ratelimit.ts';
import { SNI_CLUSTER } from './sni-cluster.ts';
import { SNI_DYNAMIC_FORWARD_PROXY } from './sni-dynamic-forward-proxy.ts';
import { TCP_PROXY } from './tcp-proxy.ts';

export const TCP_KINDS: readonly NetworkFilterKind[] = [
  TCP_PROXY,
  SNI_CLUSTER,
  SNI_DYNAMIC_FORWARD_PROXY,
  DIRECT_RESPONSE,
  ECHO,
  CONNECTION_LIMIT,
  LOCAL_RATELIMIT,
];
