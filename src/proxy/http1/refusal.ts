/** A message that is not HTTP, or not as this side wants it. */

export class Refusal {
  /** What a client is answered. */
  readonly status: number;
  /** `%RESPONSE_CODE_DETAILS%`, in Envoy's words. */
  readonly details: string;
  /** The version in which it is said. */
  readonly version: '1.0' | '1.1';

  constructor(status: number, details: string, version: '1.0' | '1.1' = '1.1') {
    this.status = status;
    this.details = details;
    this.version = version;
  }

  /** To a client that is known to speak HTTP/1.0. */
  inOldVersion(): Refusal {
    return new Refusal(this.status, this.details, '1.0');
  }
}

export const MALFORMED = new Refusal(400, 'http1.codec_error');
/** An answer that ends before its body does. */
export const CUT = new Refusal(502, '');
export const INVALID_CHARACTERS = new Refusal(400, 'http1.invalid_characters');
export const INVALID_URL = new Refusal(400, 'http1.invalid_url');
export const INVALID_SCHEME = new Refusal(400, 'http1.invalid_scheme');
export const HTTPS_ON_PLAINTEXT = new Refusal(403, 'http1.https_url_on_plaintext_connection');
export const INVALID_AUTHORITY = new Refusal(400, 'http.invalid_authority');
export const BOTH_LENGTHS = new Refusal(400, 'http1.content_length_and_chunked_not_allowed');
export const BODY_DISALLOWED = new Refusal(400, 'http1.body_disallowed');
export const UNKNOWN_ENCODING = new Refusal(501, 'http1.invalid_transfer_encoding');
export const TOO_MANY_HEADERS = new Refusal(431, 'http1.too_many_headers');
export const HEADERS_TOO_LARGE = new Refusal(431, 'http1.headers_too_large');
export const OLD_VERSION = new Refusal(426, 'low_version');
export const CONNECTION_REJECTED = new Refusal(400, 'http1.connection_header_rejected');
export const UNDERSCORES = new Refusal(400, 'http1.unexpected_underscore');
