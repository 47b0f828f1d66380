/** What the commands that put sidecars into Deployments, or take them out, have in common. */

import type { FlagSpecs } from './command.ts';
import { MEMBERSHIP_FLAGS, SIDECAR_FLAGS } from './membership-flags.ts';

/** What is named: a Deployment, or the Service whose pods are meant. */
export type Member = 'deployment' | 'service';

const MEMBERS = {
  deployment: { kind: 'Deployment', alias: 'deploy', meant: 'a Deployment', complete: 'deployments' },
  service: { kind: 'Service', alias: 'svc', meant: 'the Deployments behind a Service', complete: 'services' },
} as const;

/** Metadata of `mesh experimental add-to-mesh MEMBER`. */
export function addCommand(member: Member) {
  const { meant } = MEMBERS[member];
  return {
    ...command('add-to-mesh', member, { ...SIDECAR_FLAGS, ...MEMBERSHIP_FLAGS }),
    summary: `Put the sidecar into ${meant}`,
    description:
      `Puts the sidecar into ${meant}, in the cluster, with the settings of the control ` +
      'plane there; the pods are then replaced. What is in the mesh already stays as it is.',
    exitCodes: { 0: 'It is in the mesh', 1: 'It cannot be', 2: 'Wrong usage' },
  } as const;
}

/** Metadata of `mesh experimental remove-from-mesh MEMBER`. */
export function removeCommand(member: Member) {
  const { meant } = MEMBERS[member];
  return {
    ...command('remove-from-mesh', member, MEMBERSHIP_FLAGS),
    summary: `Take the sidecar out of ${meant}`,
    description:
      `Takes the sidecar out of ${meant}, in the cluster; the pods are then replaced. ` +
      'Where the namespace is injected, the pods are marked with sidecar.istio.io/inject=false, so that they get ' +
      'none again.',
    exitCodes: { 0: 'It is not in the mesh', 1: 'It cannot be changed', 2: 'Wrong usage' },
  } as const;
}

function command<Flags extends FlagSpecs>(name: string, member: Member, flags: Flags) {
  const { kind, alias, complete } = MEMBERS[member];
  return {
    path: ['experimental', name, member],
    aliases: [alias],
    examples: [
      {
        text: `${kind} web of the namespace shop`,
        command: `mesh experimental ${name} ${member} web -n shop`,
      },
    ],
    args: [{ name: 'NAME', description: `Name of the ${kind}`, complete }],
    flags,
  } as const;
}
