/** Rules of WasmPlugin. https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */

import type { WasmPlugin } from '../../../api/generated/types/extensions.istio.io/WasmPlugin.ts';
import type { KindRules } from '../rule.ts';
import { checkAttachment } from '../security/target-ref.ts';
import { checkWasmModule } from './wasm.ts';

export const kinds = ['extensions.istio.io/WasmPlugin'] as const;

export const rules: KindRules<WasmPlugin> = (object, report) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  checkAttachment(report, ['spec'], spec);
  checkWasmModule(report, ['spec'], spec);
};
