import { describe, expect, it } from 'vitest';
import { parseText } from '../../src/config/parse/parse.ts';
import { validate } from '../../src/config/validate.ts';
import { findingsOf, linesOf } from './findings-of.ts';

const gateway = (extra: string): string =>
  `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g}\nspec:\n  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]\n${extra}`;

describe('validate', () => {
  it('says nothing of sound objects', async () => {
    expect(await linesOf(gateway(''))).toEqual([]);
    expect(await validate([])).toEqual([]);
  });

  it('gives objects in their order, each with its findings', async () => {
    const { objects } = parseText(
      [gateway('  a: 1\n'), gateway('').replace('g}', 'h}'), gateway('  b: 1\n').replace('g}', 'i}')].join(
        '---\n',
      ),
      'f',
    );
    const results = await validate(objects);
    expect(results.map(({ object, findings }) => [object.meta.name, findings.length])).toEqual([
      ['g', 1],
      ['i', 1],
    ]);
  });

  it('finds unknown fields at the top, too', async () => {
    const [finding] = await findingsOf(gateway('spce: {}\n'));
    expect(finding).toMatchObject({ check: 'UnknownField', path: ['spce'], hint: 'Did you mean "spec"?' });
  });

  it('does not run rules on values of the wrong type', async () => {
    const text = gateway('').replace('["*"]', '{a: "*"}');
    expect(await linesOf(text)).toEqual([
      'Error WrongType spec.servers[0].hosts: must be a list, but is a map',
    ]);
  });

  it('runs the rules of the kind, and its CEL rules', async () => {
    const service =
      'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec:\n  hosts: [a]\n  http:\n  - timeout: 10us\n    route: [{destination: {host: "b*"}}]\n';
    const lines = await linesOf(service);
    expect(lines.some((line) => line.startsWith('Error InvalidValue spec.http[0].timeout'))).toBe(true);
    expect(lines.some((line) => line.includes('spec.http[0].route[0].destination.host'))).toBe(true);
  });

  it('turns warnings into errors when it is strict', async () => {
    const old =
      'apiVersion: rbac.istio.io/v1alpha1\nkind: ServiceRole\nmetadata: {name: a}\nspec: {rules: [{services: ["*"]}]}\n';
    expect((await findingsOf(old)).map(({ level }) => level)).toEqual(['Warning']);
    expect((await findingsOf(old, { strict: true })).map(({ level }) => level)).toEqual(['Error']);
  });

  it('points at the spelling that the input has', async () => {
    const text =
      'apiVersion: config.istio.io/v1alpha2\nkind: handler\nmetadata: {name: h}\nspec: {compiled_adapter: stdiox}\n';
    const findings = (await findingsOf(text)).filter(({ level }) => level === 'Error');
    expect(findings).toEqual([
      expect.objectContaining({ path: ['spec', 'compiled_adapter'], hint: 'Did you mean stdio?' }),
    ]);
  });

  it('leaves services of the root namespace their port names', async () => {
    const text =
      'apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: mesh}\nspec: {ports: [{port: 80}]}\n';
    expect(await linesOf(text)).not.toEqual([]);
    expect(await linesOf(text, { rootNamespace: 'mesh' })).toEqual([]);
    expect(
      await linesOf(text.replace(', namespace: mesh', ''), {
        rootNamespace: 'mesh',
        defaultNamespace: 'mesh',
      }),
    ).toEqual([]);
  });
});

describe('one fault gives one finding', () => {
  const rule = (policy: string): string =>
    `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec: {host: a, trafficPolicy: ${policy}}\n`;
  const target = (kind: string, group: string): string =>
    `apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: a}\nspec: {targetRef: {kind: ${kind}, name: a, group: ${group}}}\n`;

  it.each([
    [
      'a fraction below the least number',
      rule('{outlierDetection: {outlierDetectionHttpErrorCodes: [0.5]}}'),
      'Error WrongType spec.trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes[0]: must be a whole number, but is the number 0.5',
    ],
    [
      'a kind that matches no pattern and is not allowed',
      target('Serv_ice', '""'),
      /^Error InvalidValue spec\.targetRef\.kind: a policy cannot be attached to a Serv_ice, only to one of /,
    ],
    [
      'a group that matches no pattern and is not that of the kind',
      target('Service', '__'),
      'Error InvalidValue spec.targetRef.group: must be "" for a Service, and is "__"',
    ],
    [
      'mutual TLS without any certificate',
      rule('{tls: {mode: MUTUAL}}'),
      'Error MissingField spec.trafficPolicy.tls.clientCertificate: mode MUTUAL needs clientCertificate and privateKey, or a credentialName',
    ],
    [
      'a server without any certificate',
      'apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {servers: [{hosts: [a.com], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE}}]}\n',
      'Error MissingField spec.servers[0].tls: mode SIMPLE needs serverCertificate and privateKey, or a credentialName',
    ],
  ])('%s', async (_what, text, line) => {
    const lines = await linesOf(text);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(line);
  });
});
