/** `/debug/configz`: the objects in force, and what is set aside with the reason. */

import type { DebugPage } from './page.ts';

export const configz: DebugPage = {
  name: 'configz',
  summary: 'Objects of the configuration that are in force, and those that are set aside with their errors',
  show: ({ state }) => ({
    status: 200,
    body: {
      mesh_config_error: state.meshConfigError,
      rejected: state.rejections,
      // A Secret is told of, and not told.
      configs: state.objects.map(({ key, value, source }) => {
        const { data: _data, stringData: _text, ...open } = value;
        return { ...(key === 'core/Secret' ? open : value), source: `${source.file}:${source.line}` };
      }),
    },
  }),
};
