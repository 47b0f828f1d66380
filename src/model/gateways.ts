/** Gateways as VirtualServices name them, and the hosts that their servers offer to a namespace. */

/** The gateway name that stands for all sidecars. */
export const MESH_GATEWAY = 'mesh';

export interface GatewayReference {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, or a name in the namespace of the one who refers; undefined for `mesh`. */
export function gatewayReference(text: string, namespace: string): GatewayReference | undefined {
  if (text === MESH_GATEWAY) return undefined;
  const slash = text.indexOf('/');
  return slash < 0
    ? { namespace, name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** Whether a VirtualService with these gateways applies to sidecars: it names `mesh`, or nothing at all. */
export function appliesToMesh(gateways: readonly string[] | undefined): boolean {
  return gateways === undefined || gateways.length === 0 || gateways.includes(MESH_GATEWAY);
}

/**
 * The host that a server offers to VirtualServices of `viewer`: `ns/host` to that namespace only, `./host` to
 * the Gateway's own, `*` before the slash and a plain host to all. Undefined when it offers none.
 * https://istio.io/latest/docs/reference/config/networking/gateway/#Server
 */
export function offeredHost(
  serverHost: string,
  gatewayNamespace: string,
  viewer: string,
): string | undefined {
  const slash = serverHost.indexOf('/');
  if (slash < 0) return serverHost;
  const scope = serverHost.slice(0, slash);
  const owner = scope === '.' ? gatewayNamespace : scope;
  return owner === '*' || owner === viewer ? serverHost.slice(slash + 1) : undefined;
}
