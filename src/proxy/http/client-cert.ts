/**
 * `x-forwarded-client-cert`: what the certificate of the client says, for those behind the proxy.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert
 */

import { X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { DownstreamConnection } from '../listeners/connection.ts';
import type { HeaderList } from './header-list.ts';
import type { ManagerSettings } from './settings.ts';

const NAME = 'x-forwarded-client-cert';

/** What stands in the header, by connection: it is the same for all its requests. */
const elements = new WeakMap<DownstreamConnection, string>();

export function clientCertHeader(
  headers: HeaderList,
  connection: DownstreamConnection,
  settings: ManagerSettings,
): void {
  const mode = settings.clientCert;
  if (mode === 'always-forward') return;
  const peer = mode === 'sanitize' || !connection.tls ? undefined : peerCertificate(connection);
  if (peer === undefined) {
    headers.remove(NAME);
    return;
  }
  if (mode === 'forward-only') return;
  let element = elements.get(connection);
  if (element === undefined) elements.set(connection, (element = elementOf(peer, connection, settings)));
  const before = mode === 'append' ? headers.joined(NAME) : undefined;
  headers.set(NAME, before === undefined || before === '' ? element : `${before},${element}`);
}

function peerCertificate({ socket }: DownstreamConnection): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}

function elementOf(
  peer: X509Certificate,
  { socket }: DownstreamConnection,
  { clientCertParts: wanted }: ManagerSettings,
): string {
  const own = socket instanceof TLSSocket ? socket.getX509Certificate() : undefined;
  const parts: string[] = [];
  for (const uri of alternativeNames(own, 'URI')) parts.push(`By=${uri}`);
  parts.push(`Hash=${peer.fingerprint256.replaceAll(':', '').toLowerCase()}`);
  if (wanted.cert) parts.push(`Cert="${encodeURIComponent(peer.toString())}"`);
  if (wanted.chain) parts.push(`Chain="${encodeURIComponent(chainOf(socket, peer))}"`);
  if (wanted.subject) parts.push(`Subject="${distinguishedName(peer.subject)}"`);
  if (wanted.uri) {
    const uris = alternativeNames(peer, 'URI');
    // The key is there even when the certificate names none.
    for (const uri of uris.length === 0 ? [''] : uris) parts.push(`URI=${uri}`);
  }
  if (wanted.dns) for (const name of alternativeNames(peer, 'DNS')) parts.push(`DNS=${name}`);
  return parts.join(';');
}

function chainOf(socket: DownstreamConnection['socket'], peer: X509Certificate): string {
  let text = peer.toString();
  if (!(socket instanceof TLSSocket)) return text;
  const seen = new Set<string>();
  let certificate = socket.getPeerCertificate(true);
  for (;;) {
    const issuer = certificate.issuerCertificate;
    if (issuer === undefined || issuer === certificate || seen.has(issuer.fingerprint256)) return text;
    seen.add(issuer.fingerprint256);
    text += new X509Certificate(issuer.raw).toString();
    certificate = issuer;
  }
}

/** `TYPE:value` entries of the subject's alternative names. */
function alternativeNames(certificate: X509Certificate | undefined, type: string): readonly string[] {
  return (certificate?.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith(`${type}:`))
    .map((entry) => entry.slice(type.length + 1));
}

/** As RFC 2253 writes it: the last part first, commas between. */
function distinguishedName(subject: string | undefined): string {
  return (subject ?? '').split('\n').toReversed().join(',').replaceAll('"', '\\"');
}
