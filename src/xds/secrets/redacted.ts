/** Secrets as debug pages show them: with the certificates, and without what must stay secret. */

import type { JsonValue, Message } from '@bufbuild/protobuf';
import { typedJson } from '../proto/registry.ts';

/** Fields of a Secret whose bytes nobody may see. Certificates and authorities are shown to every client anyway. */
const HIDDEN: ReadonlySet<string> = new Set([
  'generic_secret',
  'password',
  'pkcs12',
  'private_key',
  'private_key_provider',
  'session_ticket_keys',
]);

/** As bytes are written in JSON, so that tools can read it as Envoy's own dump. */
const REDACTED = Buffer.from('[redacted]').toString('base64');

/** A Secret in JSON with its `@type`. */
export function secretJson(secret: Message): JsonValue {
  return withoutHidden(typedJson(secret));
}

function withoutHidden(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutHidden);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      HIDDEN.has(name) ? { inline_bytes: REDACTED } : withoutHidden(inner),
    ]),
  );
}
