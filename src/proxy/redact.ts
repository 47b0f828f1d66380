/** Takes secrets out of configuration in its JSON form. */

import type { JsonValue } from '@bufbuild/protobuf';

const REDACTED = '[redacted]';

/** Fields that the Envoy API marks as sensitive, in either spelling. */
const SENSITIVE: ReadonlySet<string> = new Set([
  'private_key',
  'privateKey',
  'private_key_provider',
  'privateKeyProvider',
  'password',
  'pkcs12',
  'access_token',
  'accessToken',
  'inline_users',
]);

/** Names that mean a secret inside certain others only. */
const SENSITIVE_INSIDE: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['secret', new Set(['generic_secret', 'genericSecret'])],
  ['secrets', new Set(['generic_secret', 'genericSecret'])],
  ['keys', new Set(['session_ticket_keys', 'sessionTicketKeys'])],
]);

/** The value with every text inside a sensitive field replaced. */
export function redacted(value: JsonValue, inside = ''): JsonValue {
  if (Array.isArray(value)) return value.map((item) => redacted(item, inside));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      isSensitive(name, inside) ? hidden(inner) : redacted(inner, name),
    ]),
  );
}

/** Whether there is anything inside that `redacted` would replace, other than the names of files. */
export function holdsSecret(value: JsonValue, inside = ''): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsSecret(item, inside));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) =>
    isSensitive(name, inside) ? hasText(inner) : holdsSecret(inner, name),
  );
}

function isSensitive(name: string, inside: string): boolean {
  return SENSITIVE.has(name) || SENSITIVE_INSIDE.get(name)?.has(inside) === true;
}

function hidden(value: JsonValue): JsonValue {
  if (typeof value === 'string') return REDACTED;
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === '@type' ? inner : hidden(inner)]),
  );
}

function hasText(value: JsonValue): boolean {
  if (typeof value === 'string') return value !== '';
  if (Array.isArray(value)) return value.some(hasText);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, inner]) =>
      name !== '@type' && name !== 'filename' && name !== 'environment_variable' && hasText(inner),
  );
}
