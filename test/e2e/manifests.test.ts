/** What `mesh manifest generate` makes of each profile, on a real API server, and what Pod Security says of its pods. */

import { beforeAll, describe, expect, test } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { compareObjects } from '../../src/install/diff.ts';
import { PROFILES } from '../../src/install/profiles.ts';
import type { ControlPlane } from '../peers/control-plane.ts';
import { runMesh } from '../cli/run-mesh.ts';
import { tempFolder } from '../cli/temp-folder.ts';
import {
  apply,
  describeOnRealServer,
  type Fields,
  makeNamespaces,
  metadataOf,
  notEstablished,
} from './on-real-server.ts';

/** The text as a user would pipe it. */
async function generate(profile: string): Promise<string> {
  const { code, stdout, stderr } = await runMesh(['manifest', 'generate', '--set', `profile=${profile}`]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function objectsOf(text: string): readonly Fields[] {
  const { objects, problems } = parseText(text, '-', { strictFiles: true });
  if (problems.length > 0) throw new Error(problems[0]?.message);
  return objects.map(({ value }) => value);
}

const nameOf = (object: Fields): string => String(metadataOf(object).name);

/** Takes away again what would meet the next profile: the webhooks, whose service no one here runs, first. */
function remove(server: ControlPlane, objects: readonly Fields[]): void {
  const kept = new Set(['Namespace', 'CustomResourceDefinition']);
  const own = objects.filter(({ kind }) => !kept.has(String(kind)));
  if (own.length === 0) return;
  const text = own.map((object) => `${JSON.stringify(object)}\n`).join('---\n');
  const { status, stderr } = server.kubectl(['delete', '--wait=false', '-f', '-'], text);
  if (status !== 0) throw new Error(stderr);
}

describeOnRealServer('what mesh manifest generate makes', (server) => {
  beforeAll(() => makeNamespaces(server(), ['istio-system']), 60_000);

  test.for(PROFILES.map((profile) => [profile] as const))(
    'of the profile %s is accepted, dry and for good, and mesh diff sees no more in it than was given',
    async ([profile]) => {
      const text = await generate(profile);
      const objects = objectsOf(text);
      if (profile === 'empty') {
        expect(objects).toEqual([]);
        return;
      }
      const run = (...flags: string[]): void => {
        const { status, stderr } = server().kubectl(
          ['apply', '--server-side', '--validate=strict', ...flags, '-f', '-'],
          text,
        );
        expect([status, stderr]).toEqual([0, '']);
      };
      run('--dry-run=server');
      run();
      const { stdout } = server().kubectl(['get', '-o', 'json', '-f', '-'], text);
      const live = (JSON.parse(stdout) as { readonly items: readonly Fields[] }).items;
      expect(compareObjects(objects, live).differences).toEqual([]);
      const definitions = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
      expect(await notEstablished(server(), definitions.map(nameOf))).toEqual([]);
      remove(server(), objects);
    },
  );
});

const RESTRICTED = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/enforce-version': 'latest',
};

/** A Deployment whose pods keep to the standard themselves. */
const APP = `apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: restricted}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: example.com/app:1
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`;

/** The pod that a Deployment would have made, in the namespace under the standard. */
function podOf(deployment: Fields): Fields {
  const { template } = deployment.spec as { readonly template: Fields };
  const metadata = { ...metadataOf(template), name: nameOf(deployment), namespace: 'restricted' };
  return { apiVersion: 'v1', kind: 'Pod', ...template, metadata };
}

describeOnRealServer('Pod Security "restricted"', (server) => {
  beforeAll(() => makeNamespaces(server(), ['restricted'], RESTRICTED), 60_000);

  /** What the server says of the pods that these Deployments ask for. */
  const judge = (objects: readonly Fields[]): readonly string[] => {
    const pods = objects.filter(({ kind }) => kind === 'Deployment').map(podOf);
    expect(pods.length).toBeGreaterThan(0);
    const accounts = pods.map(({ spec }) => String((spec as Fields).serviceAccountName ?? 'default'));
    const wanted = [...new Set(accounts)].map((name) => ({
      id: name,
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'restricted' } },
    }));
    expect(apply(server(), wanted)).toEqual([]);
    return pods.flatMap((pod) => apply(server(), [{ id: nameOf(pod), object: pod }], '--dry-run=server'));
  };

  const inject = async (...flags: string[]): Promise<readonly Fields[]> => {
    const { code, stdout, stderr } = await runMesh(['kube-inject', ...flags, '-f', '-'], { stdin: APP });
    expect(code, stderr).toBe(0);
    return objectsOf(stdout);
  };

  test.for([['default'], ['demo']] as const)('admits all pods of the profile %s', async ([profile]) => {
    expect(judge(objectsOf(await generate(profile)))).toEqual([]);
  });

  test('admits an app that keeps to it', () => {
    expect(judge(objectsOf(APP))).toEqual([]);
  });

  test('refuses the same app with the default sidecar, and only for istio-init', async () => {
    const refused = judge(await inject());
    expect(refused).toEqual([expect.stringContaining('violates PodSecurity "restricted')]);
    expect(refused.join('\n')).toContain('"istio-init"');
    expect(refused.join('\n')).not.toMatch(/container "(istio-proxy|app)"/);
  });

  describe('where a node plugin redirects traffic in place of istio-init', () => {
    test.for([
      ['beside it', []],
      ['as an init container that stays', ['--native-sidecar']],
    ] as const)('admits the app with its sidecar %s', async ([, flags]) => {
      const folder = tempFolder({ 'values.yaml': 'pilot: {cni: {enabled: true}}\n' });
      expect(judge(await inject('--valuesFile', `${folder}/values.yaml`, ...flags))).toEqual([]);
    });
  });
});
