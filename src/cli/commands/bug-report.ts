/** `mesh bug-report`: what others need to know in order to help. */

import type { CommandMetadata, Invocation } from '../command.ts';
import type { Context } from '../context.ts';
import type { GlobalFlags } from '../global-flags.ts';

export const metadata = {
  path: ['bug-report'],
  summary: 'Gather what others need to know to help, without secrets',
  description:
    'Writes an archive with the objects of the mesh, the logs and pages of the control plane, and the logs and ' +
    'configuration of proxies. Secrets, environments and what looks like a secret are taken out: the values of ' +
    'Secrets are read, as far as you may, only to find and remove them elsewhere. manifest.json in the archive lists ' +
    'what is in it, and what is missing and why.\n\n' +
    'Which pods: --include and --exclude take NAMESPACES/DEPLOYMENTS/PODS/LABELS/ANNOTATIONS/CONTAINERS, with commas ' +
    'within a part and * for any text. Namespaces that are not chosen are not read. See docs/bug-report.md.',
  examples: [
    { text: 'The whole mesh', command: 'mesh bug-report' },
    {
      text: 'Two namespaces, the last hour',
      command: "mesh bug-report --include 'shop,farm-*' --duration 1h",
    },
    { text: 'What would be read', command: 'mesh bug-report --include shop --dry-run' },
  ],
  args: [],
  flags: {
    include: {
      type: 'strings',
      value: 'SPEC',
      settable: false,
      description: 'Only these; may be repeated. All but the namespaces of Kubernetes when left out',
    },
    exclude: { type: 'strings', value: 'SPEC', settable: false, description: 'Not these; may be repeated' },
    'istio-namespace': {
      type: 'string',
      value: 'NAMESPACE',
      hidden: true,
      description: 'As --istioNamespace',
    },
    'start-time': {
      type: 'string',
      value: 'TIME',
      settable: false,
      description: 'Logs since then, as 2026-01-02T15:04:05Z',
    },
    duration: {
      type: 'duration',
      value: 'DURATION',
      settable: false,
      description: 'Logs of the last so long',
    },
    tail: { type: 'integer', value: 'LINES', description: 'At most so many lines of each log' },
    'output-dir': {
      type: 'string',
      value: 'FOLDER',
      default: '.',
      complete: 'folders',
      description: 'Where to write bug-report.tar.gz; one that is there is replaced',
    },
    dir: { type: 'string', value: 'FOLDER', complete: 'folders', description: 'Where to gather it before' },
    'max-size': {
      type: 'integer',
      value: 'MIB',
      default: 100,
      description: 'Most that the report may hold, before it is packed',
    },
    'max-proxies': {
      type: 'integer',
      value: 'COUNT',
      default: 50,
      description: 'Most proxies that are asked',
    },
    timeout: {
      type: 'duration',
      value: 'DURATION',
      default: '10m',
      description: 'Longest time that it may take',
    },
    'rq-concurrency': { type: 'integer', value: 'COUNT', default: 8, description: 'Most requests at once' },
    'skip-cluster-dump': { type: 'boolean', description: 'Leave the objects out' },
    'skip-proxy-debug': { type: 'boolean', description: 'Leave configuration and statistics of proxies out' },
    'skip-netstat': {
      type: 'boolean',
      description: 'Leave out what commands in containers tell: iptables rules, connections',
    },
    'dry-run': { type: 'boolean', settable: false, description: 'Only list what would be read' },
    'full-secrets': {
      type: 'boolean',
      hidden: true,
      settable: false,
      description: 'Refused: secrets are never included',
    },
    'proxy-admin-port': {
      type: 'integer',
      value: 'PORT',
      default: 15000,
      description: "Port of the proxies' admin interface",
    },
  },
  exitCodes: { 0: 'The archive was written', 1: 'It was not', 2: 'Wrong usage' },
} as const satisfies CommandMetadata;

export type BugReportInvocation = Invocation<GlobalFlags & typeof metadata.flags>;

export async function run(invocation: BugReportInvocation, context: Context): Promise<number> {
  const { bugReport } = await import('../bug-report/bug-report.ts');
  return bugReport(invocation, context);
}
