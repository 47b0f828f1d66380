/** The parts of a cluster's name: `outbound|80|v1|web.shop.svc.cluster.local`, or with `_.` between for SNI. */

export interface ClusterName {
  readonly direction: string;
  readonly subset: string;
  readonly host: string;
  readonly port: number;
}

/** As far as the name has parts; what follows a fourth part is none of them. */
export function parseClusterName(name: string): ClusterName {
  const separator = name.startsWith('outbound_.') || name.startsWith('inbound_.') ? '_.' : '|';
  const [direction = '', port = '', subset = '', host = '', ...more] = name.split(separator);
  const parts = name.split(separator).length;
  return {
    direction: parts > 1 ? direction : '',
    port: parts > 2 && /^[+-]?\d+$/.test(port) ? Number(port) : 0,
    subset: parts > 3 ? subset : '',
    host: parts > 3 && more.length === 0 ? host : '',
  };
}

/** Whether a name has the parts that the mesh gives it. */
export function hasParts(name: string): boolean {
  return name.split('|').length > 3;
}

/** What clusters are sorted by. */
export function sortKey(name: string): ClusterName {
  return hasParts(name) ? parseClusterName(name) : { direction: '', subset: '', host: name, port: 0 };
}

/** By host, subset, port and direction. */
export function compareClusterNames(one: ClusterName, other: ClusterName): number {
  return (
    compareTexts(one.host, other.host) ||
    compareTexts(one.subset, other.subset) ||
    one.port - other.port ||
    compareTexts(one.direction, other.direction)
  );
}

export function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
