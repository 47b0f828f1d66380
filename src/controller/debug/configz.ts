/** `/debug/configz`: the objects in force with what is wrong with them, and what is set aside with the reason. */

import type { MeshObject } from '../../config/object.ts';
import { objectProblems, problemKey } from './object-problems.ts';
import type { DebugContext, DebugPage } from './page.ts';

export const configz: DebugPage = {
  name: 'configz',
  summary:
    'Objects of the configuration that are in force, and those that are set aside with their errors: ?kind= &namespace= &name=',
  show: (context, query) => ({ status: 200, body: bodyOf(context, query) }),
};

function bodyOf(context: DebugContext, query: URLSearchParams): unknown {
  const { state } = context;
  const problems = objectProblems(context);
  return {
    mesh_config_error: state.meshConfigError,
    sources: state.sources.map(({ name, objects, notes }) => ({ name, objects: objects.length, notes })),
    rejected: state.rejections,
    configs: state.objects.flatMap((object) => {
      const { key, value, source, kind, meta } = object;
      const namespace = state.snapshot?.namespaceOf(object) ?? '';
      const isAsked = [
        ['kind', kind],
        ['namespace', namespace],
        ['name', meta.name],
      ].every(([part = '', own]) => (query.get(part) ?? own) === own);
      if (!isAsked) return [];
      return {
        ...(key === 'core/Secret' ? withoutContent(object) : value),
        source: `${source.file}:${source.line}`,
        problems: problems.get(problemKey({ kind, namespace, name: meta.name })),
      };
    }),
  };
}

/** A Secret is told of, and not told: kubectl keeps its content in an annotation, too. */
function withoutContent({ apiVersion, kind, meta }: MeshObject): object {
  return { apiVersion, kind, metadata: { name: meta.name, namespace: meta.namespace, labels: meta.labels } };
}
