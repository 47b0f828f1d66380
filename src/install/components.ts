/** The parts of an installation. Metadata of commands reads this, so it imports nothing. */

/** As the label `operator.istio.io/component` has them. */
export const COMPONENTS = [
  'Base',
  'Pilot',
  'IstiodRemote',
  'IngressGateways',
  'EgressGateways',
  'Addons',
] as const;

export type ComponentName = (typeof COMPONENTS)[number];
