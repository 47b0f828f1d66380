/**
 * Messages that Istio has no code for: MESH20xx AuthorizationPolicy, 21xx DestinationRule, 22xx Gateway, 23xx mutual
 * TLS, 24xx Service, 25xx Sidecar, 26xx VirtualService, 27xx workloads and ambient mode, 28xx Gateway API, 29xx
 * the rest. No code is used twice, and a retired code is not used again.
 */

import { type MessageType, define } from './message.ts';

export const MESH_MESSAGES = {
  UnknownHttpMethod: define(
    'MESH2001',
    'UnknownHttpMethod',
    'Warning',
    '"{method}" is no HTTP method, so no request ever matches it',
  ),
  PolicyHostNotFound: define(
    'MESH2002',
    'PolicyHostNotFound',
    'Warning',
    'No service of namespace {namespace} is called {host}, so no request to one has that host',
  ),
  PolicyNeedsMutualTLS: define(
    'MESH2003',
    'PolicyNeedsMutualTLS',
    'Error',
    '{field} is known under mutual TLS only, and {reason}',
  ),
  PrincipalNotFound: define(
    'MESH2004',
    'PrincipalNotFound',
    'Error',
    'Namespace {namespace} has no service account {account}, so nobody is {principal}',
  ),
  ForeignTrustDomain: define(
    'MESH2005',
    'ForeignTrustDomain',
    'Warning',
    'Trust domain {domain} is neither that of the mesh ({own}) nor one of its aliases',
  ),
  DuplicateDestinationRule: define(
    'MESH2101',
    'DuplicateDestinationRule',
    'Warning',
    'DestinationRules {rules} of host {host} each have {part}, and only one of them will count',
  ),
  OverriddenMutualTLS: define(
    'MESH2102',
    'OverriddenMutualTLS',
    'Warning',
    'This rule takes the place of {rule} for {host}, and has no TLS settings: traffic to it is not encrypted any more',
  ),
  SubsetWithoutLabels: define(
    'MESH2103',
    'SubsetWithoutLabels',
    'Warning',
    'Subset {subset} has no labels, so it takes in the workloads of the other subsets as well',
  ),
  GatewayOutsideItsWorkload: define(
    'MESH2201',
    'GatewayOutsideItsWorkload',
    'Warning',
    'The workloads that this Gateway configures are in other namespaces ({namespaces}): where Gateways are kept to their own, it has no effect',
  ),
  PlainTrafficToStrictWorkloads: define(
    'MESH2301',
    'PlainTrafficToStrictWorkloads',
    'Error',
    'The rule sends plain text to {host}, and PeerAuthentication {policy} accepts mutual TLS only',
  ),
  MissingMutualTLSRule: define(
    'MESH2302',
    'MissingMutualTLSRule',
    'Error',
    'Mutual TLS is required, but it is not automatic in this mesh, and no DestinationRule for {host} turns it on',
  ),
  MutualTLSToPlainWorkloads: define(
    'MESH2303',
    'MutualTLSToPlainWorkloads',
    'Error',
    'Mutual TLS is turned off here, but DestinationRule {rule} makes clients use it',
  ),
  SeveralPoliciesWithoutSelector: define(
    'MESH2304',
    'SeveralPoliciesWithoutSelector',
    'Error',
    'Several PeerAuthentications of namespace {namespace} have no selector, and only the oldest will count: {policies}',
  ),
  SeveralPoliciesForWorkload: define(
    'MESH2305',
    'SeveralPoliciesForWorkload',
    'Error',
    'Several PeerAuthentications of namespace {namespace} select workload {workload}, and only the oldest will count: {policies}',
  ),
  NamedPortNotFound: define(
    'MESH2401',
    'NamedPortNotFound',
    'Warning',
    'No container of {workloads} has a port called {target}, so the Service leads nowhere',
  ),
  TargetPortNotExposed: define(
    'MESH2402',
    'TargetPortNotExposed',
    'Warning',
    'No container of {workloads} lists target port {target} among its ports',
  ),
  EgressHostNotFound: define(
    'MESH2501',
    'EgressHostNotFound',
    'Warning',
    'No service that this namespace can see matches {host}',
  ),
  DefaultSidecarWithSelector: define(
    'MESH2502',
    'DefaultSidecarWithSelector',
    'Warning',
    'In the root namespace a selector reaches workloads of that namespace only: {workloads} of other namespaces are not configured by it',
  ),
  OutboundPolicyWithoutMode: define(
    'MESH2503',
    'OutboundPolicyWithoutMode',
    'Info',
    'Without a mode, outboundTrafficPolicy means REGISTRY_ONLY: write that, or ALLOW_ANY',
  ),
  SingleRouteWeight: define(
    'MESH2601',
    'SingleRouteWeight',
    'Info',
    'The only destination of a route gets all requests: its weight of {weight} has no effect',
  ),
  RepeatedDestination: define(
    'MESH2602',
    'RepeatedDestination',
    'Warning',
    'The route names destination {destination} more than once',
  ),
  CompetingCatchAllRoutes: define(
    'MESH2603',
    'CompetingCatchAllRoutes',
    'Warning',
    'VirtualServices {virtualServices} each take all requests to {host} at gateway {gateway}, and only one of them will get them',
  ),
  WorkloadWithoutPolicy: define(
    'MESH2701',
    'WorkloadWithoutPolicy',
    'Warning',
    'No AuthorizationPolicy applies to this workload, so everybody may call it',
  ),
  SidecarAndAmbient: define(
    'MESH2702',
    'SidecarAndAmbient',
    'Error',
    'The workload is in ambient mode ({ambient}) and has a sidecar ({sidecar}): decide on one',
  ),
  SidecarInAmbientNamespace: define(
    'MESH2703',
    'SidecarInAmbientNamespace',
    'Warning',
    'The workload has a sidecar, though its namespace {namespace} is in ambient mode',
  ),
  WaypointLabelOutsideAmbient: define(
    'MESH2704',
    'WaypointLabelOutsideAmbient',
    'Warning',
    'Label istio.io/use-waypoint has no effect here: {subject} is not in ambient mode',
  ),
  WaypointNotFound: define(
    'MESH2705',
    'WaypointNotFound',
    'Error',
    'There is no waypoint {waypoint} in namespace {namespace}',
  ),
  WaypointRequired: define(
    'MESH2706',
    'WaypointRequired',
    'Warning',
    '{kind} works on HTTP, which in ambient mode takes a waypoint, and {subject} uses none',
  ),
  TargetRefsRequired: define(
    'MESH2707',
    'TargetRefsRequired',
    'Warning',
    '{kind} works on HTTP, which in ambient mode is done by waypoints, and these heed only policies with targetRefs',
  ),
  RouteOutsideServiceNamespace: define(
    'MESH2708',
    'RouteOutsideServiceNamespace',
    'Warning',
    'The waypoint of {host} heeds only {kind}s of its own namespace {namespace}',
  ),
  ParentNotFound: define(
    'MESH2801',
    'ParentNotFound',
    'Error',
    'The route cannot attach to {parent}: {reason}',
  ),
  BackendNotFound: define(
    'MESH2802',
    'BackendNotFound',
    'Error',
    'There is no Service {service} in namespace {namespace}',
  ),
  ReferenceNotGranted: define(
    'MESH2803',
    'ReferenceNotGranted',
    'Error',
    'No ReferenceGrant of namespace {namespace} lets a {kind} of namespace {from} send to Service {service}',
  ),
  SharedListenerHost: define(
    'MESH2804',
    'SharedListenerHost',
    'Warning',
    'Gateways {gateways} serve the same host {host} on port {port}, each at an address of its own',
  ),
  SharedGatewayAddress: define(
    'MESH2805',
    'SharedGatewayAddress',
    'Warning',
    'Gateways {gateways} ask for the same address {address}',
  ),
  GatewayClassNotFound: define(
    'MESH2806',
    'GatewayClassNotFound',
    'Error',
    'There is no GatewayClass {class}, so no controller takes care of this Gateway',
  ),
  GrantNamespaceNotFound: define(
    'MESH2807',
    'GrantNamespaceNotFound',
    'Error',
    'References are granted to namespace {namespace}, which does not exist',
  ),
  ExportToNamespaceNotFound: define(
    'MESH2901',
    'ExportToNamespaceNotFound',
    'Error',
    'Namespace {namespace}, which exportTo names, does not exist',
  ),
  DuplicateServiceEntry: define(
    'MESH2902',
    'DuplicateServiceEntry',
    'Warning',
    'ServiceEntries {entries} each define host {host} with port {port}',
  ),
  WorkloadGroupAccountNotFound: define(
    'MESH2903',
    'WorkloadGroupAccountNotFound',
    'Warning',
    'Namespace {namespace} has no service account {account}',
  ),
  SameWorkloadGroupLabels: define(
    'MESH2904',
    'SameWorkloadGroupLabels',
    'Warning',
    'WorkloadGroups {groups} of namespace {namespace} have the same labels, so their workloads cannot be told apart',
  ),
  PolicySelectsNoWorkload: define(
    'MESH2905',
    'PolicySelectsNoWorkload',
    'Warning',
    'No workload has the labels that this {kind} selects: {labels}',
  ),
} satisfies Record<string, MessageType>;
