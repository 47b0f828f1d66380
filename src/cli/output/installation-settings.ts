/** Settings of an installation as YAML, JSON or the flags that would make them. */

import type { IstioOperatorSpec } from '../../api/generated/types/install.istio.io/IstioOperator.ts';
import { MeshError } from '../../base/mesh-error.ts';
import { nearestName } from '../../base/nearest.ts';
import { formatSteps, isTree, parseSettingPath, type PathStep, valueAt } from '../../install/setting-path.ts';
import { toYamlText } from '../../install/yaml-text.ts';

/**
 * All settings, as an IstioOperator, or those below a path alone. Throws a `MeshError` with code `BadSetting`
 * for a path that leads nowhere.
 */
export function formatSettings(
  spec: IstioOperatorSpec,
  format: 'yaml' | 'json' | 'flags',
  path: string | undefined,
): string {
  const steps = path === undefined || path === '' ? [] : parseSettingPath(path.replace(/^spec\.(?=.)/, ''));
  const part = steps.length === 0 ? spec : valueAt(spec, steps);
  if (part === undefined) throw noSetting(spec, steps);
  if (format === 'flags')
    return flagLines(part, steps)
      .map((line) => `${line}\n`)
      .join('');
  const whole =
    steps.length === 0 ? { apiVersion: 'install.istio.io/v1alpha1', kind: 'IstioOperator', spec } : part;
  return format === 'json' ? `${JSON.stringify(whole, undefined, 2)}\n` : toYamlText(whole);
}

function flagLines(value: unknown, steps: readonly PathStep[]): readonly string[] {
  if (isTree(value))
    return Object.entries(value).flatMap(([key, child]) => flagLines(child, [...steps, key]));
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item: unknown, index) =>
      isTree(item) && typeof item['name'] === 'string'
        ? flagLines(item, [...steps, { key: 'name', value: item['name'] }])
        : flagLines(item, [...steps, index]),
    );
  }
  return [`${formatSteps(steps)}=${flagValue(value)}`];
}

/** Text in quotes where it would be read as something else. */
function flagValue(value: unknown): string {
  if (Array.isArray(value)) return '{}';
  const text = String(value);
  return typeof value === 'string' && /^[[{"']|^-?[0-9.]+$|^(?:true|false|null|~)$/i.test(text)
    ? JSON.stringify(text)
    : text;
}

function noSetting(spec: IstioOperatorSpec, steps: readonly PathStep[]): MeshError {
  let depth = 0;
  while (valueAt(spec, steps.slice(0, depth + 1)) !== undefined) depth++;
  const holder = valueAt(spec, steps.slice(0, depth));
  const step = steps[depth];
  const near =
    isTree(holder) && typeof step === 'string' ? nearestName(step, Object.keys(holder)) : undefined;
  return new MeshError(
    'BadSetting',
    `these settings have nothing at ${formatSteps(steps.slice(0, depth + 1))}`,
    {
      hint:
        near === undefined
          ? 'Leave --config-path out to see them all.'
          : `Did you mean ${formatSteps([...steps.slice(0, depth), near])}?`,
    },
  );
}
