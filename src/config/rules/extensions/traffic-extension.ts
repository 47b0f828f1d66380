/** Rules of TrafficExtension. https://istio.io/latest/docs/reference/config/proxy_extensions/ */

import type { TrafficExtension } from '../../../api/generated/types/extensions.istio.io/TrafficExtension.ts';
import type { KindRules } from '../rule.ts';
import { checkAttachment } from '../security/target-ref.ts';
import { checkWasmModule } from './wasm.ts';

export const kinds = ['extensions.istio.io/TrafficExtension'] as const;

const MAX_SCRIPT = 65_536;

export const rules: KindRules<TrafficExtension> = (object, report) => {
  const { spec } = object.value;
  if (spec === undefined) return;
  checkAttachment(report, ['spec'], spec);
  if (spec.wasm !== undefined) checkWasmModule(report, ['spec', 'wasm'], spec.wasm);
  const script = spec.lua?.inlineCode ?? '';
  // The schema counts characters; the control plane counts bytes too.
  if ([...script].length <= MAX_SCRIPT && Buffer.byteLength(script) > MAX_SCRIPT) {
    report.error(['spec', 'lua', 'inlineCode'], `must not be longer than ${MAX_SCRIPT} bytes`, {
      hint: 'Put a longer program into a WebAssembly module.',
    });
  }
};
