/** Rules on the addresses and URLs of the backends that adapters send to. */

import type { FieldPath } from '../../../base/field-path.ts';
import { splitHostPort } from '../../../base/host-port.ts';
import type { RuleReport } from '../rule.ts';

/** An address that must be `host:port`. Absent is fine where the adapter has a default; empty is not. */
export function checkAddress(report: RuleReport, path: FieldPath, address: string | undefined): void {
  if (address === undefined) return;
  const hint = 'Write it as host:port, for example "fluentd.logging:24224".';
  if (address === '') return report.error(path, 'the address is empty', { hint });
  const parts = splitHostPort(address);
  if (parts === undefined)
    return report.error(path, `${JSON.stringify(address)} is no address of a host and a port`, { hint });
  const port = Number(parts.port);
  if (!/^\d{1,5}$/.test(parts.port) || port < 1 || port > 65_535) {
    report.error(path, `${JSON.stringify(parts.port)} is no port from 1 to 65535`, { hint });
  }
}

/** A URL with scheme and host, such as `https://host/path`. */
export function checkUrl(report: RuleReport, path: FieldPath, url: string, what: string): void {
  const hint = 'Write scheme and host, for example "https://example.com/list".';
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]/.test(url) || !URL.canParse(url)) {
    report.error(path, `${JSON.stringify(url)} is no URL of ${what}`, { hint });
  }
}
