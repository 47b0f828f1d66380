/** Whether a proxy gets the Secret that its configuration names, so that it can be told of where it is named. */

import { credentialReference } from '../../model/credentials.ts';
import type { Input } from '../input.ts';
import { secretRefusal } from './permission.ts';

/** Why the proxy gets nothing for a name; undefined when it does. Depends on no content. */
export function secretFault(name: string, { snapshot, proxy }: Input): string | undefined {
  const reference = credentialReference(name, proxy.namespace);
  if (reference === undefined) return `"${name}" is no name of a Secret or ConfigMap`;
  if (!proxy.takesSecrets) {
    return (
      `${name} is served only over a Unix domain socket of the controller (--grpc-addr unix:///PATH), ` +
      'which this proxy did not come over'
    );
  }
  return secretRefusal(snapshot, proxy, reference, name) ?? snapshot.credentialFault(reference);
}
