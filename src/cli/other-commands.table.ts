/** Commands of istioctl that make no sense here, and what to use in their place. The keys are their words. */

export interface OtherCommand {
  /** Why there is none, as a clause. */
  readonly why: string;
  /** What to type or write in its place, as a sentence. */
  readonly instead: string;
}

const KUBECTL = 'kubectl does that for objects of the mesh as for all others';
const VM = 'what runs outside of the cluster is described by objects';
const AMBIENT = 'the data plane here is sidecars and gateways';

export const OTHER_COMMANDS: Readonly<Record<string, OtherCommand>> = {
  create: { why: KUBECTL, instead: 'Use kubectl apply -f FILE; "mesh validate" checks the file first.' },
  replace: { why: KUBECTL, instead: 'Use kubectl replace -f FILE.' },
  get: { why: KUBECTL, instead: 'Use kubectl get KIND.' },
  delete: { why: KUBECTL, instead: 'Use kubectl delete KIND NAME.' },
  'context-create': { why: KUBECTL, instead: 'Use kubectl config set-context.' },
  'gen-deploy': { why: 'manifests have a command of their own', instead: 'Use mesh manifest generate.' },
  register: { why: VM, instead: 'Write a WorkloadEntry, and a ServiceEntry that selects it.' },
  deregister: { why: VM, instead: 'Delete its WorkloadEntry with kubectl delete workloadentry NAME.' },
  'convert-ingress': {
    why: 'an Ingress says less than the rules of the mesh, so that nothing is gained by turning it into one',
    instead: 'Write a Gateway and a VirtualService, or an HTTPRoute; "mesh route" shows where requests go.',
  },
  operator: {
    why: 'nothing in the cluster installs',
    instead: 'Use mesh install -f FILE, or keep what "mesh manifest generate -f FILE" prints in git.',
  },
  'manifest migrate': {
    why: 'settings of older releases are understood as they are',
    instead: 'Use mesh manifest generate -f FILE, which says where each key stands today.',
  },
  'manifest translate': {
    why: 'nothing is installed with Helm',
    instead: 'Use mesh manifest generate -f FILE -o FOLDER for a file a resource.',
  },
  'manifest versions': { why: 'a mesh installs its own version', instead: 'Use mesh version.' },
  waypoint: { why: AMBIENT, instead: 'Label namespaces with istio-injection=enabled for sidecars.' },
  'experimental waypoint': {
    why: AMBIENT,
    instead: 'Label namespaces with istio-injection=enabled for sidecars.',
  },
  'ztunnel-config': {
    why: AMBIENT,
    instead: 'Use mesh proxy-config all, for what a sidecar or gateway has.',
  },
  zc: { why: AMBIENT, instead: 'Use mesh proxy-config all, for what a sidecar or gateway has.' },
  'experimental ztunnel-config': {
    why: AMBIENT,
    instead: 'Use mesh proxy-config all, for what a sidecar or gateway has.',
  },
  'remote-clusters': {
    why: 'the control plane reads one cluster',
    instead: 'Use mesh experimental internal-debug configz, which names its sources.',
  },
  collateral: {
    why: 'the reference is built with the package',
    instead: 'See docs/, and mesh COMMAND --help.',
  },
  'experimental post-install': {
    why: 'webhooks come with the installation',
    instead: 'Use mesh install, and mesh check to see how they are.',
  },
  'experimental multicluster': {
    why: 'there is no file of a whole mesh of clusters',
    instead: 'Use mesh create-remote-secret for each cluster that another one is to read.',
  },
  'experimental metrics': {
    why: 'Prometheus answers that',
    instead: 'Use mesh dashboard prometheus, or grafana.',
  },
  'experimental workload': {
    why: VM,
    instead: 'Write a WorkloadGroup; "mesh explain WorkloadGroup" describes it.',
  },
  'experimental add-to-mesh external-service': {
    why: VM,
    instead: 'Write a ServiceEntry; "mesh explain ServiceEntry" describes it.',
  },
  'experimental remove-from-mesh external-service': {
    why: VM,
    instead: 'Delete its ServiceEntry with kubectl delete serviceentry NAME.',
  },
  'experimental revision describe': {
    why: 'a revision has nothing to tell that other commands do not',
    instead: 'Use mesh experimental revision list, and mesh check.',
  },
};
