/** Operators over the two connections: addresses, certificates, the cluster and its endpoint. */

import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { type Place, placeText } from '../../address.ts';
import { connectionIdOf } from '../../connection-id.ts';
import type { StreamInfo } from '../../stream-info.ts';
import { type FormatValue, type OperatorTable, plain } from './operator.ts';
import { timeOperator } from './times.ts';

type PlaceOf = (info: StreamInfo) => Place | undefined;

function withoutPort(place: Place | undefined): string | undefined {
  if (place === undefined) return undefined;
  if (place.kind === 'pipe') return place.path;
  return place.ip.includes(':') ? `[${place.ip}]` : place.ip;
}

function portOf(place: Place | undefined): number | undefined {
  return place?.kind === 'ip' ? place.port : undefined;
}

/** Operators for a place as a whole, without its port, and for the port. */
function placeOperators(name: string, prefix: string, placeOf: PlaceOf): OperatorTable {
  return {
    [name]: plain((info) => {
      const place = placeOf(info);
      return place === undefined ? undefined : placeText(place);
    }),
    [`${name}_WITHOUT_PORT`]: plain((info) => withoutPort(placeOf(info))),
    [`${prefix}_PORT`]: plain((info) => portOf(placeOf(info))),
  };
}

/** The peer that headers name has no port. */
function remotePlace({ connection, downstreamRemoteIp }: StreamInfo): Place {
  const place = connection.remotePlace;
  const isSame = downstreamRemoteIp === '' || (place.kind === 'ip' && place.ip === downstreamRemoteIp);
  return isSame ? place : { kind: 'ip', ip: downstreamRemoteIp, port: 0 };
}

/** Where the socket itself was accepted. */
function directLocalPlace({ connection }: StreamInfo): Place {
  const { localAddress, localPort } = connection.socket;
  if (localAddress === undefined || localPort === undefined) return connection.localPlace;
  return { kind: 'ip', ip: localAddress.replace(/^::ffff:(?=\d)/, ''), port: localPort };
}

function upstreamLocalPlace({ upstreamLocalAddress: text }: StreamInfo): Place | undefined {
  if (text === '') return undefined;
  const colon = text.lastIndexOf(':');
  if (colon < 0) return { kind: 'pipe', path: text };
  return {
    kind: 'ip',
    ip: text.slice(0, colon).replaceAll(/[[\]]/g, ''),
    port: Number(text.slice(colon + 1)),
  };
}

/** Nobody is there before there is a connection. */
function upstreamRemotePlace({ upstreamHost, upstreamLocalAddress }: StreamInfo): Place | undefined {
  return upstreamLocalAddress === '' ? undefined : upstreamHost?.place;
}

function upstreamName({ upstreamHost }: StreamInfo): string | undefined {
  if (upstreamHost === undefined) return undefined;
  return upstreamHost.hostname === '' ? placeText(upstreamHost.place) : upstreamHost.hostname;
}

/** `alt_stat_name` when there is one, else the name, whose colons only statistics replace. */
function observabilityName({ upstreamCluster: cluster }: StreamInfo): string | undefined {
  if (cluster === undefined) return undefined;
  return cluster.statName === cluster.name.replaceAll(':', '_') ? cluster.name : cluster.statName;
}

function asTls(socket: Socket | TLSSocket | undefined): TLSSocket | undefined {
  return socket !== undefined && 'getPeerCertificate' in socket ? socket : undefined;
}

type SocketOf = (info: StreamInfo) => TLSSocket | undefined;

function known(text: string | null | undefined): string | undefined {
  return text === null || text === undefined || text === '' ? undefined : text;
}

function peerOf(socket: TLSSocket | undefined): PeerCertificate | undefined {
  const certificate = socket?.getPeerCertificate();
  return certificate === undefined || Object.keys(certificate).length === 0 ? undefined : certificate;
}

/** As RFC 2253 has it, the last part first: `CN=a,O=b`. */
function nameText(name: object | undefined): string | undefined {
  if (name === undefined) return undefined;
  const parts = Object.entries(name).flatMap(([key, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${key}=${String(one)}`),
  );
  return known(parts.reverse().join(','));
}

/** The subject alternative names of one sort, with commas between. */
function namesOf(certificate: { readonly subjectaltname?: string | undefined } | undefined, sort: string) {
  const names = (certificate?.subjectaltname ?? '').split(', ').filter((one) => one.startsWith(`${sort}:`));
  return known(names.map((one) => one.slice(sort.length + 1)).join(','));
}

function digest(text: string | undefined): string | undefined {
  return known(text?.replaceAll(':', '').toLowerCase());
}

function pemOf(certificate: PeerCertificate | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  const lines = certificate.raw.toString('base64').match(/.{1,64}/g) ?? [];
  return encodeURIComponent(
    `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  ).replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The peer's chain, its own certificate first. */
function chainOf(socket: TLSSocket | undefined): PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let next = socket?.getPeerCertificate(true);
  while (next?.fingerprint !== undefined && !chain.some((one) => one.fingerprint === next?.fingerprint)) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function timeText(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** Of the client's certificate Envoy tells more than of the endpoint's. */
function tlsOperators(side: 'DOWNSTREAM' | 'UPSTREAM', socketOf: SocketOf): OperatorTable {
  const own = (info: StreamInfo) => {
    const certificate = socketOf(info)?.getCertificate();
    return certificate === null || certificate === undefined || !('subjectaltname' in certificate)
      ? undefined
      : certificate;
  };
  const peer = (info: StreamInfo) => peerOf(socketOf(info));
  const onSide = (table: Readonly<Record<string, (info: StreamInfo) => FormatValue>>): OperatorTable =>
    Object.fromEntries(Object.entries(table).map(([name, operator]) => [`${side}_${name}`, plain(operator)]));
  return {
    ...onSide({
      TLS_CIPHER: (info) => known(socketOf(info)?.getCipher()?.standardName),
      TLS_VERSION: (info) => known(socketOf(info)?.getProtocol()),
      PEER_URI_SAN: (info) => namesOf(peer(info), 'URI'),
      PEER_DNS_SAN: (info) => namesOf(peer(info), 'DNS'),
      PEER_IP_SAN: (info) => namesOf(peer(info), 'IP Address'),
      LOCAL_URI_SAN: (info) => namesOf(own(info), 'URI'),
      LOCAL_DNS_SAN: (info) => namesOf(own(info), 'DNS'),
      LOCAL_IP_SAN: (info) => namesOf(own(info), 'IP Address'),
      PEER_SUBJECT: (info) => nameText(peer(info)?.subject),
      PEER_ISSUER: (info) => nameText(peer(info)?.issuer),
      PEER_CERT: (info) => pemOf(peer(info)),
    }),
    ...(side === 'DOWNSTREAM'
      ? onSide({
          PEER_EMAIL_SAN: (info) => namesOf(peer(info), 'email'),
          LOCAL_EMAIL_SAN: (info) => namesOf(own(info), 'email'),
          LOCAL_SUBJECT: (info) => nameText(own(info)?.subject),
          PEER_SERIAL: (info) => known(peer(info)?.serialNumber.toLowerCase()),
          PEER_FINGERPRINT_256: (info) => digest(peer(info)?.fingerprint256),
          PEER_FINGERPRINT_1: (info) => digest(peer(info)?.fingerprint),
          PEER_CHAIN_FINGERPRINTS_256: (info) =>
            digest(
              chainOf(socketOf(info))
                .map((one) => one.fingerprint256)
                .join(','),
            ),
          PEER_CHAIN_FINGERPRINTS_1: (info) =>
            digest(
              chainOf(socketOf(info))
                .map((one) => one.fingerprint)
                .join(','),
            ),
          PEER_CHAIN_SERIALS: (info) =>
            known(
              chainOf(socketOf(info))
                .map((one) => one.serialNumber.toLowerCase())
                .join(','),
            ),
        })
      : {}),
    [`${side}_PEER_CERT_V_START`]: timeOperator((info) => timeText(peer(info)?.valid_from)),
    [`${side}_PEER_CERT_V_END`]: timeOperator((info) => timeText(peer(info)?.valid_to)),
  };
}

export const PEER_OPERATORS: OperatorTable = {
  ...placeOperators(
    'DOWNSTREAM_LOCAL_ADDRESS',
    'DOWNSTREAM_LOCAL',
    ({ connection }) => connection.localPlace,
  ),
  ...placeOperators('DOWNSTREAM_DIRECT_LOCAL_ADDRESS', 'DOWNSTREAM_DIRECT_LOCAL', directLocalPlace),
  ...placeOperators('DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE', remotePlace),
  ...placeOperators(
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE',
    ({ connection }) => connection.directRemotePlace,
  ),
  ...placeOperators('UPSTREAM_LOCAL_ADDRESS', 'UPSTREAM_LOCAL', upstreamLocalPlace),
  ...placeOperators('UPSTREAM_REMOTE_ADDRESS', 'UPSTREAM_REMOTE', upstreamRemotePlace),
  ...tlsOperators('DOWNSTREAM', ({ connection }) => asTls(connection.socket)),
  ...tlsOperators('UPSTREAM', ({ upstreamSocket }) => asTls(upstreamSocket)),
  CONNECTION_ID: plain(({ connection }) => connection.id),
  REQUESTED_SERVER_NAME: plain(({ connection }) => known(connection.sni)),
  FILTER_CHAIN_NAME: plain(({ connection }) => known(connection.filterChainName)),
  UPSTREAM_HOST: plain(({ upstreamHost }) =>
    upstreamHost === undefined ? undefined : placeText(upstreamHost.place),
  ),
  UPSTREAM_HOST_NAME: plain(upstreamName),
  UPSTREAM_HOST_NAME_WITHOUT_PORT: plain((info) => upstreamName(info)?.replace(/:\d+$/, '')),
  UPSTREAM_CLUSTER: plain(observabilityName),
  UPSTREAM_CLUSTER_RAW: plain(({ upstreamCluster }) => upstreamCluster?.name),
  UPSTREAM_CONNECTION_ID: plain(({ upstreamSocket: socket }) =>
    socket === undefined ? 0 : connectionIdOf(socket),
  ),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(({ upstreamAttempts }) => upstreamAttempts),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ upstreamTransportFailureReason: reason }) =>
    known(reason)?.replaceAll(' ', '_'),
  ),
  // A connection whose handshake fails has no filter chain, and so no log of its own.
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: plain(() => undefined),
};
