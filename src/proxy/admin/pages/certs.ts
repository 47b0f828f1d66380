/** `/certs`: the certificates that the configuration names, and those that came by name, with how long they are good for. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { JsonValue, Message } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { SecretSchema } from '../../../xds/proto/generated/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { messageToJson } from '../../../xds/proto/registry.ts';
import { SECRET_TYPE } from '../../xds-client/resource-types.ts';
import { type AdminPage, json } from '../page.ts';

export const CERTS: AdminPage = {
  path: '/certs',
  description: 'print certs on machine',
  respond(_request, view) {
    const messages = [
      ...(view.bootstrap.staticResources?.listeners ?? []),
      ...[...view.clusters].map(({ message }) => message),
      ...[...view.states(SECRET_TYPE)].flatMap(({ held }) =>
        [...held.values()].flatMap(({ value }) => anyUnpack(value, SecretSchema) ?? []),
      ),
    ];
    const certificates = messages.flatMap((message) => tlsParts(asJson(message))).map(shown);
    const seen = new Map(certificates.map((one) => [JSON.stringify(one), one]));
    return json({ certificates: [...seen.values()] });
  },
};

/** Nothing for a message that JSON has no words for. */
function asJson(message: Message): JsonValue {
  try {
    return messageToJson(message);
  } catch {
    return null;
  }
}

type Source = { readonly filename?: string; readonly inline_string?: string; readonly inline_bytes?: string };

interface TlsPart {
  readonly kind: 'ca_cert' | 'cert_chain';
  readonly source: Source;
}

function tlsParts(value: JsonValue): readonly TlsPart[] {
  if (Array.isArray(value)) return value.flatMap(tlsParts);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]): readonly TlsPart[] => {
    if (name === 'certificate_chain') return [{ kind: 'cert_chain', source: inner as Source }];
    if (name === 'trusted_ca') return [{ kind: 'ca_cert', source: inner as Source }];
    return tlsParts(inner);
  });
}

function shown({ kind, source }: TlsPart): object {
  const path = source.filename ?? '<inline>';
  try {
    const pem =
      source.inline_string ??
      (source.inline_bytes === undefined
        ? readFileSync(path, 'utf8')
        : Buffer.from(source.inline_bytes, 'base64').toString());
    const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return { [kind]: found.map((one) => certificateJson(new X509Certificate(one), path)) };
  } catch {
    return { [kind]: [{ path }] };
  }
}

function certificateJson(certificate: X509Certificate, path: string): object {
  const until = new Date(certificate.validTo);
  const names = (certificate.subjectAltName ?? '').split(', ').flatMap((name) => {
    const colon = name.indexOf(':');
    const kind = { DNS: 'dns', URI: 'uri', 'IP Address': 'ip_address' }[name.slice(0, colon)];
    return kind === undefined ? [] : [{ [kind]: name.slice(colon + 1) }];
  });
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: names,
    days_until_expiration: String(Math.max(0, Math.floor((until.getTime() - Date.now()) / 86_400_000))),
    valid_from: new Date(certificate.validFrom).toISOString().replace('.000', ''),
    expiration_time: until.toISOString().replace('.000', ''),
  };
}
