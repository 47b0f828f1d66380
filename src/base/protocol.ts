/** Names of the protocols that a port can speak, and how the port of a Kubernetes Service says which. */

/** https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/ */
export type Protocol =
  | 'TCP'
  | 'UDP'
  | 'GRPC'
  | 'GRPC-Web'
  | 'HTTP'
  | 'HTTP_PROXY'
  | 'HTTP2'
  | 'HTTPS'
  | 'TLS'
  | 'Mongo'
  | 'Redis'
  | 'MySQL';

const PROTOCOLS: readonly Protocol[] = [
  ...(['TCP', 'UDP', 'GRPC', 'GRPC-Web', 'HTTP', 'HTTP_PROXY', 'HTTP2', 'HTTPS'] as const),
  ...(['TLS', 'Mongo', 'Redis', 'MySQL'] as const),
];

const byName = new Map(PROTOCOLS.map((protocol) => [protocol.toLowerCase(), protocol]));

const HTTP = new Set<Protocol>(['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-Web']);
const HTTP2 = new Set<Protocol>(['HTTP2', 'GRPC', 'GRPC-Web']);
const TCP = new Set<Protocol>(['TCP', 'HTTPS', 'TLS', 'Mongo', 'Redis', 'MySQL']);
const TLS = new Set<Protocol>(['HTTPS', 'TLS']);

// appProtocol values that Kubernetes itself defines (KEP-3726).
const KUBERNETES_NAMES: ReadonlyMap<string, Protocol> = new Map([
  ['kubernetes.io/h2c', 'HTTP2'],
  ['kubernetes.io/ws', 'HTTP'],
  ['kubernetes.io/wss', 'HTTPS'],
]);

// On these ports the server speaks first (SMTP, DNS, MySQL, MongoDB), so waiting for the client's first
// bytes to detect the protocol would hang: they are TCP unless something else is said.
const SERVER_FIRST_PORTS = new Set([25, 53, 3306, 27017]);

/** The protocol of that name, in any case; undefined for a name that means none. */
export function parseProtocol(name: string): Protocol | undefined {
  return byName.get(name.toLowerCase());
}

/** HTTP in the clear, of any version: requests can be routed. False for undefined. */
export function isHttp(protocol: Protocol | undefined): boolean {
  return protocol !== undefined && HTTP.has(protocol);
}

/** Spoken over HTTP/2. */
export function isHttp2(protocol: Protocol | undefined): boolean {
  return protocol !== undefined && HTTP2.has(protocol);
}

/** A stream of bytes to the proxy, TLS included. */
export function isTcp(protocol: Protocol | undefined): boolean {
  return protocol !== undefined && TCP.has(protocol);
}

/** TLS with a server name: connections can be routed by SNI. */
export function isTls(protocol: Protocol | undefined): boolean {
  return protocol !== undefined && TLS.has(protocol);
}

/** What a port says about its protocol; all of it unvalidated text from a Service. */
export interface PortNaming {
  /** `<protocol>` or `<protocol>-<anything>`. */
  readonly name?: string;
  /** Goes before the name. */
  readonly appProtocol?: string;
  /** Kubernetes' transport: TCP, UDP or SCTP. */
  readonly transport?: string;
  readonly number?: number;
}

/**
 * The protocol that a Service's port declares; undefined when it declares none, so that it is detected from
 * the traffic. Names without a known prefix declare nothing.
 */
export function protocolOfPort(port: PortNaming): Protocol | undefined {
  if (port.transport === 'UDP') return 'UDP';
  const kubernetes = port.appProtocol === undefined ? undefined : KUBERNETES_NAMES.get(port.appProtocol);
  if (kubernetes !== undefined) return kubernetes;
  const declared = protocolOfName(port.appProtocol ?? port.name ?? '');
  if (declared !== undefined) return declared;
  return port.number !== undefined && SERVER_FIRST_PORTS.has(port.number) ? 'TCP' : undefined;
}

/** The protocol in front of the first dash of a port's name, in any case: `http-admin` is HTTP. */
export function protocolOfName(name: string): Protocol | undefined {
  // The one protocol with a dash of its own.
  if (name.toLowerCase().startsWith('grpc-web')) return 'GRPC-Web';
  const dash = name.indexOf('-');
  return parseProtocol(dash < 0 ? name : name.slice(0, dash));
}
