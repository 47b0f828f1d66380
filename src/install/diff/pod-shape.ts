/**
 * What Kubernetes takes for granted in a pod, and by what it tells the items of a pod's lists apart.
 * https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */

import { defaulted, EMPTY, fields, FILLED_IN, listBy, mapOf, SET } from './shape.ts';
import type { Shape } from './shape.ts';

const quantities: Shape = mapOf({ means: 'quantity' });

const httpGet = fields({ scheme: defaulted('HTTP'), path: defaulted('/') });

const probe = fields({
  httpGet,
  grpc: fields({ service: defaulted('') }),
  initialDelaySeconds: defaulted(0),
  timeoutSeconds: defaulted(1),
  periodSeconds: defaulted(10),
  successThreshold: defaulted(1),
  failureThreshold: defaulted(3),
});

const fieldRef = fields({ apiVersion: defaulted('v1') });

const env = fields({ value: defaulted(''), valueFrom: fields({ fieldRef }) });

/** Images of the tag `latest` are fetched anew each time, and so are those without tag and digest. */
function pullPolicyOf(container: Readonly<Record<string, unknown>>): string {
  const image = typeof container.image === 'string' ? container.image : '';
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

const container = fields({
  imagePullPolicy: { absentIn: pullPolicyOf },
  terminationMessagePath: defaulted('/dev/termination-log'),
  terminationMessagePolicy: defaulted('File'),
  resources: fields(
    // Who sets a limit and no request gets a request as high.
    { limits: quantities, requests: { ...quantities, absentIn: ({ limits }) => limits } },
    EMPTY,
  ),
  ports: listBy(
    ['containerPort', 'protocol'],
    fields({ protocol: defaulted('TCP'), hostPort: defaulted(0) }),
  ),
  env: listBy(['name'], env),
  volumeMounts: listBy(['mountPath'], fields({ readOnly: defaulted(false) })),
  volumeDevices: listBy(['devicePath']),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: fields({ postStart: fields({ httpGet }), preStop: fields({ httpGet }) }),
  securityContext: fields({ capabilities: fields({ add: SET, drop: SET }) }, EMPTY),
  stdin: defaulted(false),
  stdinOnce: defaulted(false),
  tty: defaulted(false),
});

const mode = defaulted(0o644);

const downwardItems = listBy(['path'], fields({ fieldRef }));

const volume = fields({
  configMap: fields({ defaultMode: mode, optional: defaulted(false) }),
  secret: fields({ defaultMode: mode, optional: defaulted(false) }),
  downwardAPI: fields({ defaultMode: mode, items: downwardItems }),
  hostPath: fields({ type: defaulted('') }),
  projected: fields({
    defaultMode: mode,
    sources: {
      items: () =>
        fields({
          serviceAccountToken: fields({ expirationSeconds: defaulted(3600) }),
          downwardAPI: fields({ items: downwardItems }),
        }),
    },
  }),
});

const podSpec = fields({
  containers: listBy(['name'], container),
  initContainers: listBy(['name'], container),
  ephemeralContainers: listBy(['name'], container),
  volumes: listBy(['name'], volume),
  imagePullSecrets: listBy(['name']),
  hostAliases: listBy(['ip']),
  topologySpreadConstraints: listBy(['topologyKey', 'whenUnsatisfiable']),
  tolerations: { unordered: true, items: () => fields({ operator: defaulted('Equal') }) },
  restartPolicy: defaulted('Always'),
  dnsPolicy: defaulted('ClusterFirst'),
  schedulerName: defaulted('default-scheduler'),
  terminationGracePeriodSeconds: defaulted(30),
  enableServiceLinks: defaulted(true),
  preemptionPolicy: FILLED_IN,
  priority: FILLED_IN,
  securityContext: EMPTY,
  hostNetwork: defaulted(false),
  hostPID: defaulted(false),
  hostIPC: defaulted(false),
  shareProcessNamespace: defaulted(false),
  // The name from before `serviceAccountName`; the API server writes both.
  serviceAccount: { absentIn: ({ serviceAccountName }) => serviceAccountName },
  serviceAccountName: { absentIn: ({ serviceAccount }) => serviceAccount ?? 'default' },
  nodeName: FILLED_IN,
});

/** Labels, annotations and what else every object has beside them. */
export const metadataShape = fields({
  labels: EMPTY,
  annotations: EMPTY,
  finalizers: SET,
  ownerReferences: listBy(['uid']),
});

/** A pod, and a pod template. */
export const podShape = fields({ metadata: { ...metadataShape, absent: {} }, spec: podSpec });
