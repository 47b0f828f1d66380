/** What the control plane says of each proxy, read from its page `/debug/syncz`. */

import { MeshError } from '../../base/mesh-error.ts';
import { field, isObject, text } from '../proxy-config/fields.ts';

export type SyncStatus = 'SYNCED' | 'STALE' | 'ERROR' | 'NOT SENT' | 'IGNORED';

export interface TypeState {
  readonly status: SyncStatus;
  /** RFC 3339; absent before anything was sent. */
  readonly since?: string;
  /** Why the proxy has not the newest. */
  readonly reason?: string;
}

export interface ProxyState {
  /** `name.namespace`. */
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly cluster: string;
  /** The process of the control plane that it is connected to. */
  readonly istiod: string;
  readonly version: string;
  readonly connectedAt?: string;
  /** By short name: CDS, LDS, EDS, RDS and what else there is. */
  readonly types: Readonly<Record<string, TypeState>>;
}

/** Types in the order of their columns; others follow by name. */
export const TYPE_COLUMNS = ['CDS', 'LDS', 'EDS', 'RDS', 'ECDS'] as const;

const KNOWN: readonly SyncStatus[] = ['SYNCED', 'STALE', 'ERROR', 'NOT SENT', 'IGNORED'];

/** Reads the page. Throws a `MeshError` for what is none. */
export function readStates(body: Buffer, istiod: string): readonly ProxyState[] {
  let page: unknown;
  try {
    page = JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new MeshError('BadAnswer', `what ${istiod} answers to /debug/syncz is no JSON`, { cause: error });
  }
  if (!Array.isArray(page))
    throw new MeshError('BadAnswer', `what ${istiod} answers to /debug/syncz is no list`);
  return page.filter(isObject).map((one): ProxyState => {
    const name = text(one, 'proxy');
    const types = field(one, 'types');
    const connectedAt = text(one, 'connected_at');
    return {
      name,
      namespace: text(one, 'namespace') || name.slice(name.lastIndexOf('.') + 1),
      type: text(one, 'proxy_type'),
      cluster: text(one, 'cluster_id'),
      istiod,
      version: text(one, 'version'),
      ...(connectedAt !== '' && { connectedAt }),
      types: Object.fromEntries(
        Object.entries(isObject(types) ? types : {}).map(([type, state]) => [
          type.toUpperCase(),
          typeState(state),
        ]),
      ),
    };
  });
}

function typeState(state: unknown): TypeState {
  const status = KNOWN.find((one) => one === text(state, 'status')) ?? 'IGNORED';
  const since = text(state, 'since');
  const reason = text(state, 'reason');
  return { status, ...(since !== '' && { since }), ...(reason !== '' && { reason }) };
}

/** Types of which the proxy has not the newest. */
export function staleTypes({ types }: ProxyState): readonly (readonly [string, TypeState])[] {
  return Object.entries(types).filter(([, { status }]) => status !== 'SYNCED' && status !== 'IGNORED');
}
