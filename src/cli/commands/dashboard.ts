/** `mesh dashboard`: pages of the mesh in a browser. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import { DASHBOARD_NAMES } from '../dashboards.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['dashboard'],
  aliases: ['dash', 'd'],
  formerly: [
    ['experimental', 'dashboard'],
    ['experimental', 'dash'],
  ],
  summary: 'Open a page of the mesh in a browser',
  description:
    'Finds the pod that shows the page, makes a port of this machine lead to it, prints the URL on standard output ' +
    'and opens it in a browser. It runs until Ctrl-C. When the pod goes, another one with the same labels takes its ' +
    'place; when there is none, the command ends with 1.\n\n' +
    'Pods are looked for in the namespace of the control plane and then in --namespace. proxy (also envoy) needs a ' +
    'pod; controller shows the debug pages of the control plane.',
  examples: [
    { text: 'Prometheus', command: 'mesh dashboard prometheus' },
    { text: 'Only the URL, for a script', command: 'mesh dashboard grafana --browser=false --port 3000' },
    { text: 'The admin interface of a proxy', command: 'mesh dashboard proxy deploy/web.shop' },
  ],
  args: [
    { name: 'NAME', description: 'What to open', values: DASHBOARD_NAMES },
    {
      name: 'POD',
      description: 'Pod, or TYPE/NAME; .NAMESPACE may follow',
      optional: true,
      complete: 'pods',
    },
  ],
  flags: {
    port: {
      type: 'integer',
      short: 'p',
      value: 'PORT',
      description: 'Port of this machine; 0 for any; else that of the page, or any when it is taken',
    },
    address: {
      type: 'string',
      value: 'ADDRESS',
      default: 'localhost',
      description: 'Address of this machine to listen on; localhost is 127.0.0.1 and ::1',
    },
    browser: { type: 'boolean', default: true, description: 'Open the page in a browser' },
    'ui-port': {
      type: 'integer',
      value: 'PORT',
      description: "The pod's port, when it is not the usual one",
    },
    ctrlz_port: { type: 'integer', value: 'PORT', hidden: true, description: 'The same, of controlz' },
    selector: {
      type: 'string',
      short: 'l',
      value: 'LABELS',
      settable: false,
      description: 'Labels of the pods, when they are not the usual ones',
    },
    revision: {
      type: 'string',
      short: 'r',
      value: 'NAME',
      complete: 'revisions',
      description: 'Revision of the control plane',
    },
    reconnect: {
      type: 'boolean',
      default: true,
      description: 'Go on with another pod when the pod goes; else end with 1',
    },
    'reconnect-timeout': {
      type: 'duration',
      value: 'DURATION',
      default: '30s',
      description: 'Longest wait for another pod',
    },
  },
  exitCodes: {
    0: 'It was ended by Ctrl-C',
    1: 'There is no pod, the port is taken, or the pod has gone',
    2: 'Wrong usage',
  },
} as const satisfies CommandMetadata;

export type DashboardInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: DashboardInvocation, context: Context): Promise<number> {
  const { showDashboard } = await import('../show-dashboard.ts');
  return showDashboard(invocation, context);
}
