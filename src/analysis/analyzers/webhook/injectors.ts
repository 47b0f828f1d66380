/** Webhooks that inject sidecars: one at most for each pod, and a control plane behind it. */

import type { KindTypes } from '../../../api/generated/kind-types.ts';
import type { MeshObject } from '../../../config/object.ts';
import { INJECTION_LABEL, INJECT_LABEL, REVISION_LABEL } from '../../../model/membership.ts';
import { type LabelSelector, type Labels, matchesSelector } from '../../../base/label-selector.ts';
import type { AnalysisContext, Analyzer } from '../../analyzer.ts';
import { BUILTIN_FILE } from '../../builtin-gateway.ts';
import { MESSAGES } from '../../catalogue.ts';

type Configuration = MeshObject<KindTypes['admissionregistration.k8s.io/MutatingWebhookConfiguration']>;
type Webhook = NonNullable<Configuration['value']['webhooks']>[number];

interface PlacedWebhook {
  readonly object: Configuration;
  readonly index: number;
  readonly webhook: Webhook;
  /** `configuration/webhook`, for messages. */
  readonly name: string;
}

/** Revisions that are tried: the combinations of labels grow with their square. */
const MAX_REVISIONS = 24;
/** Other webhooks that a message names. */
const MAX_NAMES = 8;

export const analyzer: Analyzer = {
  name: 'webhook.Analyzer',
  summary: 'Webhooks that inject sidecars do not overlap, and their service is there',
  reads: ['admissionregistration.k8s.io/MutatingWebhookConfiguration', 'core/Service'],
  messages: [MESSAGES.InvalidWebhook],
  analyze(context) {
    const webhooks: PlacedWebhook[] = [];
    const revisions = new Set<string>();
    for (const object of context.snapshot.list('admissionregistration.k8s.io/MutatingWebhookConfiguration')) {
      const own = object.value.webhooks ?? [];
      const named = revisionsOf(object, own);
      if (named.length === 0 && !own.some(({ name = '' }) => name.endsWith('.istio.io'))) continue;
      for (const revision of named) revisions.add(revision);
      for (const [index, webhook] of own.entries()) {
        webhooks.push({ object, index, webhook, name: `${object.meta.name}/${webhook.name ?? ''}` });
      }
    }
    reportOverlaps(context, webhooks, [...revisions].slice(0, MAX_REVISIONS));
    reportMissingServices(context, webhooks);
  },
};

/** Values of the revision label that the configuration has or selects. */
function revisionsOf(object: Configuration, webhooks: readonly Webhook[]): readonly string[] {
  const own = object.meta.labels[REVISION_LABEL];
  const selected = webhooks
    .flatMap(({ namespaceSelector, objectSelector }) => [namespaceSelector ?? {}, objectSelector ?? {}])
    .flatMap(({ matchLabels = {}, matchExpressions = [] }: LabelSelector) => [
      ...(matchLabels[REVISION_LABEL] === undefined ? [] : [matchLabels[REVISION_LABEL]]),
      ...matchExpressions.flatMap(({ key, values = [] }) => (key === REVISION_LABEL ? values : [])),
    ]);
  return own === undefined ? selected : [own, ...selected];
}

/** No label, and the two values that it has, each alone and together with each revision. */
function labelChoices(label: string, values: readonly string[], revisions: readonly string[]): Labels[] {
  const bases: Labels[] = [{}, ...values.map((value) => ({ [label]: value }))];
  return [undefined, ...revisions].flatMap((revision) =>
    bases.map((base) => (revision === undefined ? base : { ...base, [REVISION_LABEL]: revision })),
  );
}

/** A pod for which several webhooks are called would get several sidecars. */
function reportOverlaps(
  { report }: AnalysisContext,
  webhooks: readonly PlacedWebhook[],
  revisions: readonly string[],
): void {
  const namespaces = labelChoices(INJECTION_LABEL, ['enabled', 'disabled'], revisions);
  const pods = labelChoices(INJECT_LABEL, ['true', 'false'], revisions);
  const choices = webhooks.map((placed) => ({
    placed,
    namespaces: namespaces.map((labels) => matchesSelector(placed.webhook.namespaceSelector ?? {}, labels)),
    pods: pods.map((labels) => matchesSelector(placed.webhook.objectSelector ?? {}, labels)),
    others: new Set<string>(),
  }));
  for (const [namespace] of namespaces.entries()) {
    const here = choices.filter((choice) => choice.namespaces[namespace]);
    if (here.length < 2) continue;
    for (const [pod] of pods.entries()) {
      const called = here.filter((choice) => choice.pods[pod]);
      // The first few are enough to tell of; with one more, each of them has another.
      const told = called.slice(0, MAX_NAMES + 1);
      if (told.length < 2) continue;
      for (const one of called) {
        for (const other of told) {
          if (one.others.size >= MAX_NAMES) break;
          if (other !== one) one.others.add(other.placed.name);
        }
      }
    }
  }
  for (const { placed, others } of choices) {
    if (others.size === 0) continue;
    report(MESSAGES.InvalidWebhook, placed.object, ['webhooks', placed.index], {
      detail: `webhook ${placed.webhook.name ?? ''} is called for the same pods as ${[...others].sort().join(', ')}, which may inject a pod twice`,
    });
  }
}

/** What the input tells of Services is taken as complete as soon as it has one. */
function reportMissingServices(
  { snapshot, report }: AnalysisContext,
  webhooks: readonly PlacedWebhook[],
): void {
  const services = snapshot.list('core/Service').filter(({ source }) => source.file !== BUILTIN_FILE);
  if (services.length === 0) return;
  const known = new Set(services.map((object) => `${snapshot.namespaceOf(object)}/${object.meta.name}`));
  for (const { object, index, webhook } of webhooks) {
    const service = webhook.clientConfig?.service;
    if (service === undefined) continue;
    const name = `${service.namespace ?? ''}/${service.name ?? ''}`;
    if (known.has(name)) continue;
    report(MESSAGES.InvalidWebhook, object, ['webhooks', index, 'clientConfig', 'service', 'name'], {
      detail: `webhook ${webhook.name ?? ''} calls the Service ${name}, which does not exist`,
    });
  }
}
