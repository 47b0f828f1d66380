/** The endpoints of clusters that ask for them by name. */

import type { Target } from '../clusters/targets.ts';
import type { Input } from '../input.ts';
import type { ClusterLoadAssignmentSchema } from '../proto/generated/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Init } from '../values.ts';
import { localityEndpoints } from './localities.ts';

export type AssignmentInit = Init<typeof ClusterLoadAssignmentSchema>;

/** One for each cluster of that kind, empty when nothing serves it. */
export function assignmentOf(target: Target, input: Input): AssignmentInit | undefined {
  if (target.discovery !== 'eds') return undefined;
  return { clusterName: target.name, endpoints: localityEndpoints(target, input) };
}
