/** Whether client and server agree on mutual TLS: for each host and port, what one opens and the other accepts. */

import type { MeshObject } from '../config/object.ts';
import type { DestinationRule, DestinationRuleClient, Subset } from './destination-rules.ts';
import type { MutualTLSMode } from './peer-authentication.ts';
import { ServerAuthentication } from './server-authentication.ts';
import type { MeshService, MeshServicePort } from './services.ts';
import type { Snapshot } from './snapshot.ts';
import { effectivePolicy } from './traffic-policy.ts';
import { isVisibleFrom } from './visibility.ts';

export type ClientTlsMode = 'DISABLE' | 'SIMPLE' | 'MUTUAL' | 'ISTIO_MUTUAL';

/** `AUTO`: the client finds out what each endpoint accepts. */
export type MutualTlsStatus = 'OK' | 'AUTO' | 'CONFLICT';

export interface MutualTlsRow {
  readonly host: string;
  readonly subset: string | undefined;
  readonly port: number;
  readonly status: MutualTlsStatus;
  readonly server: MutualTLSMode;
  /** Undefined when no DestinationRule says anything. */
  readonly client: ClientTlsMode | undefined;
  /** The policy that decides for the server; undefined for the default. */
  readonly policy: MeshObject | undefined;
  /** The rule that holds for the client, if there is one. */
  readonly rule: DestinationRule | undefined;
}

/**
 * Agreement of two modes. A client without a word of its own opens plain connections, or with `auto` what the
 * server takes.
 */
export function mutualTlsStatus(
  server: MutualTLSMode,
  client: ClientTlsMode | undefined,
  auto: boolean,
): MutualTlsStatus {
  if (client === undefined && auto) return 'AUTO';
  switch (client ?? 'DISABLE') {
    case 'DISABLE':
      return server === 'STRICT' ? 'CONFLICT' : 'OK';
    case 'ISTIO_MUTUAL':
      return server === 'DISABLE' ? 'CONFLICT' : 'OK';
    // Certificates of its own are none that a sidecar accepts.
    case 'SIMPLE':
    case 'MUTUAL':
      return 'CONFLICT';
  }
}

/** Whether clients find out by themselves what servers accept: MeshConfig.enableAutoMtls. */
export function isAutoMtls(snapshot: Snapshot): boolean {
  return snapshot.mesh.config.enableAutoMtls ?? true;
}

/**
 * The rows for all services that a client sees, by host and port, the whole host before its subsets. Services
 * outside of the mesh are left out: they take no part in mutual TLS.
 */
export function mutualTlsRows(snapshot: Snapshot, client: DestinationRuleClient): readonly MutualTlsRow[] {
  const servers = new ServerAuthentication(snapshot);
  const auto = isAutoMtls(snapshot);
  return snapshot.services.all
    .filter((service) => !service.external && isVisibleFrom(service.visibility, client.namespace))
    .toSorted((one, other) => (one.hostname < other.hostname ? -1 : Number(one.hostname > other.hostname)))
    .flatMap((service) => {
      const rule = snapshot.destinationRules.find(service.hostname, service.namespace, client);
      return service.ports
        .filter(({ protocol }) => protocol !== 'UDP')
        .toSorted((one, other) => one.number - other.number)
        .flatMap((port) =>
          [undefined, ...(rule?.subsets ?? [])].flatMap((subset) =>
            rowsOf({ service, port, rule, subset }, servers, snapshot, auto),
          ),
        );
    });
}

interface Destination {
  readonly service: MeshService;
  readonly port: MeshServicePort;
  readonly rule: DestinationRule | undefined;
  readonly subset: Subset | undefined;
}

function rowsOf(
  { service, port, rule, subset }: Destination,
  servers: ServerAuthentication,
  snapshot: Snapshot,
  auto: boolean,
): readonly MutualTlsRow[] {
  const { tls } = effectivePolicy(rule, subset, port.number, snapshot.mesh.config);
  // TLS settings that name no mode turn it off, as the API has it.
  const client = tls === undefined ? undefined : (tls.mode ?? 'DISABLE');
  return servers.of(service, port, subset?.labels).map(({ mode, from }) => ({
    host: service.hostname,
    subset: subset?.name,
    port: port.number,
    status: mutualTlsStatus(mode, client, auto),
    server: mode,
    client,
    policy: from,
    rule,
  }));
}
