/** Headers whose values are for nobody but the message's receiver: they go into no table that outlives it. */
export const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
]);
