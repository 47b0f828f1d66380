/**
 * Every message that analysis can give. Istio's codes keep Istio's meaning, name and level
 * (https://istio.io/latest/docs/reference/config/analysis/); the texts and the MESH codes are ours.
 * No code is used twice, and a retired code is not used again.
 */

import type { Level } from '../config/finding.ts';
import type { MessageType } from './message.ts';

function define<const Template extends string>(
  code: string,
  name: string,
  level: Level,
  template: Template,
): MessageType<Template> {
  return { code, name, level, template };
}

export const MESSAGES = {
  InternalError: define('IST0001', 'InternalError', 'Error', 'An analyzer failed: {detail}'),
  Deprecated: define('IST0002', 'Deprecated', 'Warning', 'Deprecated: {detail}'),
  ReferencedResourceNotFound: define(
    'IST0101',
    'ReferencedResourceNotFound',
    'Error',
    'Referenced {type} not found: "{name}"',
  ),
  NamespaceNotInjected: define(
    'IST0102',
    'NamespaceNotInjected',
    'Info',
    'Pods of this namespace get no sidecar. To change that: kubectl label namespace {namespace} istio-injection=enabled (or =disabled, to say that it is meant)',
  ),
  PodMissingProxy: define(
    'IST0103',
    'PodMissingProxy',
    'Warning',
    'Pod {pod} runs without istio-proxy although its namespace is injected. Restart its workload to have the sidecar added',
  ),
  SchemaValidationError: define('IST0106', 'SchemaValidationError', 'Error', '{detail}'),
  MisplacedAnnotation: define(
    'IST0107',
    'MisplacedAnnotation',
    'Warning',
    'Annotation {annotation} has no effect here: it belongs on {kinds}',
  ),
  UnknownAnnotation: define('IST0108', 'UnknownAnnotation', 'Warning', 'Unknown annotation: {annotation}'),
  ConflictingMeshGatewayVirtualServiceHosts: define(
    'IST0109',
    'ConflictingMeshGatewayVirtualServiceHosts',
    'Error',
    'Several VirtualServices route host {host} inside the mesh, and only one of them will count: {virtualServices}. Merge them into one',
  ),
  ConflictingSidecarWorkloadSelectors: define(
    'IST0110',
    'ConflictingSidecarWorkloadSelectors',
    'Error',
    'Several Sidecars of namespace {namespace} select workload {workload}, and only one of them will count: {sidecars}',
  ),
  MultipleSidecarsWithoutWorkloadSelectors: define(
    'IST0111',
    'MultipleSidecarsWithoutWorkloadSelectors',
    'Error',
    'Several Sidecars of namespace {namespace} have no workload selector, and only one of them will count: {sidecars}',
  ),
  VirtualServiceDestinationPortSelectorRequired: define(
    'IST0112',
    'VirtualServiceDestinationPortSelectorRequired',
    'Error',
    'Service {host} has several ports ({ports}): the destination must name one',
  ),
  DeploymentAssociatedToMultipleServices: define(
    'IST0116',
    'DeploymentAssociatedToMultipleServices',
    'Warning',
    'Services give port {port} of deployment {deployment} different protocols: {services}',
  ),
  PortNameIsNotUnderNamingConvention: define(
    'IST0118',
    'PortNameIsNotUnderNamingConvention',
    'Info',
    'Port name "{port}" (port {number}, target {target}) names no protocol: use <protocol>[-<name>] or appProtocol',
  ),
  NamespaceMultipleInjectionLabels: define(
    'IST0123',
    'NamespaceMultipleInjectionLabels',
    'Warning',
    'The namespace has several labels that decide on injection ({labels}): keep one',
  ),
  InvalidAnnotation: define(
    'IST0125',
    'InvalidAnnotation',
    'Warning',
    'Annotation {annotation} has a bad value: {problem}',
  ),
  UnknownMeshNetworksServiceRegistry: define(
    'IST0126',
    'UnknownMeshNetworksServiceRegistry',
    'Error',
    'Network {network} takes endpoints from the unknown registry {registry}',
  ),
  NoMatchingWorkloadsFound: define(
    'IST0127',
    'NoMatchingWorkloadsFound',
    'Warning',
    'No workload has the labels that this resource selects: {labels}',
  ),
  NoServerCertificateVerificationDestinationLevel: define(
    'IST0128',
    'NoServerCertificateVerificationDestinationLevel',
    'Warning',
    'DestinationRule {rule} in namespace {namespace} uses TLS mode {mode} without caCertificates, so nobody checks who answers as {host}',
  ),
  NoServerCertificateVerificationPortLevel: define(
    'IST0129',
    'NoServerCertificateVerificationPortLevel',
    'Warning',
    'DestinationRule {rule} in namespace {namespace} uses TLS mode {mode} without caCertificates, so nobody checks who answers as {host} on port {port}',
  ),
  VirtualServiceUnreachableRule: define('IST0130', 'VirtualServiceUnreachableRule', 'Warning', '{detail}'),
  VirtualServiceIneffectiveMatch: define('IST0131', 'VirtualServiceIneffectiveMatch', 'Info', '{detail}'),
  VirtualServiceHostNotFoundInGateway: define(
    'IST0132',
    'VirtualServiceHostNotFoundInGateway',
    'Warning',
    'Hosts {hosts} of VirtualService {virtualService} are served by no server of Gateway {gateway}',
  ),
  SchemaWarning: define('IST0133', 'SchemaWarning', 'Warning', '{detail}'),
  ServiceEntryAddressesRequired: define(
    'IST0134',
    'ServiceEntryAddressesRequired',
    'Warning',
    'Port {port} is TCP or names no protocol, so the ServiceEntry needs addresses',
  ),
  DeprecatedAnnotation: define(
    'IST0135',
    'DeprecatedAnnotation',
    'Info',
    'Annotation {annotation} is deprecated{advice}',
  ),
  AlphaAnnotation: define(
    'IST0136',
    'AlphaAnnotation',
    'Info',
    'Annotation {annotation} belongs to an alpha feature, which may change or be incomplete',
  ),
  DeploymentConflictingPorts: define(
    'IST0137',
    'DeploymentConflictingPorts',
    'Warning',
    'Services {services} send different ports ({ports}) to port {target} of deployment {deployment}',
  ),
  GatewayDuplicateCertificate: define(
    'IST0138',
    'GatewayDuplicateCertificate',
    'Warning',
    'Gateways {gateways} share a certificate: a client that reuses an HTTP/2 connection for another host may get a 404',
  ),
  InvalidWebhook: define('IST0139', 'InvalidWebhook', 'Error', '{detail}'),
  IngressRouteRulesNotAffected: define(
    'IST0140',
    'IngressRouteRulesNotAffected',
    'Warning',
    'The subsets that VirtualService {virtualService} routes to do not count for requests that enter through VirtualService {ingress}',
  ),
  InsufficientPermissions: define(
    'IST0141',
    'InsufficientPermissions',
    'Error',
    'Not allowed to create {resource}: {detail}',
  ),
  UnsupportedKubernetesVersion: define(
    'IST0142',
    'UnsupportedKubernetesVersion',
    'Error',
    'Kubernetes {version} is older than the oldest supported version {minimum}',
  ),
  LocalhostListener: define(
    'IST0143',
    'LocalhostListener',
    'Error',
    'Port {port} is offered by a Service, but the application listens on localhost only',
  ),
  InvalidApplicationUID: define(
    'IST0144',
    'InvalidApplicationUID',
    'Warning',
    'User id 1337 belongs to the sidecar: an application that runs as it bypasses the mesh',
  ),
  ConflictingGateways: define(
    'IST0145',
    'ConflictingGateways',
    'Error',
    'Same selector ({selector}), port {port} and hosts {hosts} as Gateway {gateways}: only one of them will count',
  ),
  ImageAutoWithoutInjectionWarning: define(
    'IST0146',
    'ImageAutoWithoutInjectionWarning',
    'Warning',
    '{kind} {name} has `image: auto`, but no injection webhook matches it',
  ),
  ImageAutoWithoutInjectionError: define(
    'IST0147',
    'ImageAutoWithoutInjectionError',
    'Error',
    '{kind} {name} has `image: auto`, but no injection webhook matches it',
  ),
  NamespaceInjectionEnabledByDefault: define(
    'IST0148',
    'NamespaceInjectionEnabledByDefault',
    'Info',
    'Pods of this namespace get a sidecar because enableNamespacesByDefault is set',
  ),
  JwtClaimBasedRoutingWithoutRequestAuthN: define(
    'IST0149',
    'JwtClaimBasedRoutingWithoutRequestAuthN',
    'Error',
    'A route matches on {key}, but no RequestAuthentication applies to pod {pod} of Gateway {gateway}, so there are no claims to match',
  ),
  ExternalNameServiceTypeInvalidPortName: define(
    'IST0150',
    'ExternalNameServiceTypeInvalidPortName',
    'Warning',
    'Port "{port}" of an ExternalName Service is unnamed or TCP: traffic to it may not be forwarded as meant',
  ),
  EnvoyFilterUsesRelativeOperation: define(
    'IST0151',
    'EnvoyFilterUsesRelativeOperation',
    'Warning',
    '{operation} depends on what other filters have done before: set a priority, or use INSERT_FIRST or ADD',
  ),
  EnvoyFilterUsesReplaceOperationIncorrectly: define(
    'IST0152',
    'EnvoyFilterUsesReplaceOperationIncorrectly',
    'Error',
    'REPLACE works for HTTP_FILTER and NETWORK_FILTER only, not for {applyTo}',
  ),
  EnvoyFilterUsesAddOperationIncorrectly: define(
    'IST0153',
    'EnvoyFilterUsesAddOperationIncorrectly',
    'Error',
    'ADD has no effect on {applyTo}',
  ),
  EnvoyFilterUsesRemoveOperationIncorrectly: define(
    'IST0154',
    'EnvoyFilterUsesRemoveOperationIncorrectly',
    'Error',
    'REMOVE has no effect on {applyTo}',
  ),
  EnvoyFilterUsesRelativeOperationWithProxyVersion: define(
    'IST0155',
    'EnvoyFilterUsesRelativeOperationWithProxyVersion',
    'Warning',
    '{operation} depends on what other filters have done before, and proxyVersion may stop it from applying during an upgrade: set a priority, or use INSERT_FIRST or ADD',
  ),
  UnsupportedGatewayAPIVersion: define(
    'IST0156',
    'UnsupportedGatewayAPIVersion',
    'Error',
    'The Gateway API CRD serves {version}, but at least {minimum} is needed',
  ),
  InvalidTelemetryProvider: define(
    'IST0157',
    'InvalidTelemetryProvider',
    'Warning',
    'Telemetry {name} in namespace {namespace} names no provider, and the mesh has no default one: its settings do nothing',
  ),
  PodsIstioProxyImageMismatchInNamespace: define(
    'IST0158',
    'PodsIstioProxyImageMismatchInNamespace',
    'Warning',
    'Pods run another proxy image than injection would give them now ({pods}): restart their workloads',
  ),
  ConflictingTelemetryWorkloadSelectors: define(
    'IST0159',
    'ConflictingTelemetryWorkloadSelectors',
    'Error',
    'Several Telemetries of namespace {namespace} select workload {workload}: {telemetries}',
  ),
  MultipleTelemetriesWithoutWorkloadSelectors: define(
    'IST0160',
    'MultipleTelemetriesWithoutWorkloadSelectors',
    'Error',
    'Several Telemetries of namespace {namespace} have no workload selector, and only one of them will count: {telemetries}',
  ),
  InvalidGatewayCredential: define(
    'IST0161',
    'InvalidGatewayCredential',
    'Error',
    'The credential of Gateway {gateway} in namespace {namespace} cannot be used: {problem}',
  ),
  GatewayPortNotDefinedOnService: define(
    'IST0162',
    'GatewayPortNotDefinedOnService',
    'Warning',
    'No Service of the gateway workload ({selector}) offers port {port}, so it cannot be reached through one',
  ),
  InvalidExternalControlPlaneConfig: define(
    'IST0163',
    'InvalidExternalControlPlaneConfig',
    'Warning',
    'Webhook {webhook} calls host "{host}": {problem}',
  ),
  ExternalControlPlaneAddressIsNotAHostname: define(
    'IST0164',
    'ExternalControlPlaneAddressIsNotAHostname',
    'Info',
    'Webhook {webhook} calls the IP address {host}; a host name is better for production',
  ),
  ReferencedInternalGateway: define(
    'IST0165',
    'ReferencedInternalGateway',
    'Warning',
    'VirtualService {virtualService} names the Gateway {gateway}, which is generated from a Gateway API resource and not meant to be used',
  ),
  IneffectiveSelector: define(
    'IST0166',
    'IneffectiveSelector',
    'Warning',
    'A selector does not apply to the pods of the Gateway API gateway {gateway}: use targetRefs',
  ),
  IneffectivePolicy: define('IST0167', 'IneffectivePolicy', 'Warning', 'The policy has no effect: {reason}'),
  UnknownUpgradeCompatibility: define(
    'IST0168',
    'UnknownUpgradeCompatibility',
    'Warning',
    '{field} changed in release {release}, and whether that matters here cannot be told: {detail}',
  ),
  UpdateIncompatibility: define(
    'IST0169',
    'UpdateIncompatibility',
    'Warning',
    '{field} changed in release {release}: {detail}',
  ),
  MultiClusterInconsistentService: define(
    'IST0170',
    'MultiClusterInconsistentService',
    'Warning',
    'Service {service} in namespace {namespace} differs between clusters {clusters}: {detail}',
  ),
  NegativeConditionStatus: define(
    'IST0171',
    'NegativeConditionStatus',
    'Warning',
    'Condition {condition} is not met ({reason}): {detail}',
  ),
  FutureUnsupportedGatewayAPIVersion: define(
    'IST0172',
    'FutureUnsupportedGatewayAPIVersion',
    'Warning',
    'The Gateway API CRD serves {version}; {minimum} will be needed',
  ),
  DestinationRuleSubsetNotSelectPods: define(
    'IST0173',
    'DestinationRuleSubsetNotSelectPods',
    'Error',
    'Subset {subset} selects no pod, so requests to it fail with 503',
  ),
  UnknownDestinationRuleHost: define(
    'IST0174',
    'UnknownDestinationRuleHost',
    'Warning',
    'Host {host} is no service that this namespace can see',
  ),
  JwksUriFetchUnrestricted: define(
    'IST0175',
    'JwksUriFetchUnrestricted',
    'Warning',
    'BLOCKED_CIDRS_IN_JWKS_URIS is not set, and {count} RequestAuthentications exist ({names}): a jwksUri may point into networks that it should not reach',
  ),
  GatewayAPICRDVersionBelowMinimum: define(
    'IST0176',
    'GatewayAPICRDVersionBelowMinimum',
    'Warning',
    'CRD {crd} is of version {version}, below {minimum}: resources of its kind are ignored',
  ),
  ConflictingServiceEntryProtocol: define(
    'IST0177',
    'ConflictingServiceEntryProtocol',
    'Warning',
    'ServiceEntries {names} give port {port} of host {host} different protocols: {protocols}',
  ),
} satisfies Record<string, MessageType>;

/** Codes that older releases of Istio gave; a suppression that names one is accepted without a warning. */
export const RETIRED_CODES: Readonly<Record<string, string>> = {
  IST0104: 'GatewayPortNotOnWorkload',
  IST0105: 'IstioProxyImageMismatch',
  IST0113: 'MTLSPolicyConflict',
  IST0114: 'PolicySpecifiesPortNameThatDoesntExist',
  IST0115: 'DestinationRuleUsesMTLSForWorkloadWithoutSidecar',
  IST0117: 'DeploymentRequiresServiceAssociated',
  IST0119: 'JwtFailureDueToInvalidServicePortPrefix',
  IST0120: 'PolicyResourceIsDeprecated',
  IST0121: 'MeshPolicyResourceIsDeprecated',
  IST0122: 'InvalidRegexp',
};
