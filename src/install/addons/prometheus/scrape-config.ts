/** What Prometheus scrapes: every running pod with `prometheus.io/scrape: "true"`, which proxies get on injection. */

import type { Tree } from '../../setting-path.ts';

const ANNOTATION = '__meta_kubernetes_pod_annotation_prometheus_io';

export function scrapeConfig(interval: string): Tree {
  return {
    global: { scrape_interval: interval, scrape_timeout: shorter(interval), evaluation_interval: interval },
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: ['localhost:9090'] }] },
      {
        job_name: 'kubernetes-pods',
        kubernetes_sd_configs: [{ role: 'pod' }],
        relabel_configs: [
          { source_labels: [`${ANNOTATION}_scrape`], action: 'keep', regex: 'true' },
          {
            source_labels: ['__meta_kubernetes_pod_phase'],
            action: 'drop',
            regex: 'Pending|Succeeded|Failed|Completed',
          },
          {
            source_labels: [`${ANNOTATION}_scheme`],
            action: 'replace',
            regex: '(https?)',
            target_label: '__scheme__',
          },
          {
            source_labels: [`${ANNOTATION}_path`],
            action: 'replace',
            regex: '(.+)',
            target_label: '__metrics_path__',
          },
          {
            source_labels: [`${ANNOTATION}_port`, '__meta_kubernetes_pod_ip'],
            action: 'replace',
            regex: '(\\d+);(([A-Fa-f0-9]{1,4}::?){1,7}[A-Fa-f0-9]{1,4})',
            replacement: '[$2]:$1',
            target_label: '__address__',
          },
          {
            source_labels: [`${ANNOTATION}_port`, '__meta_kubernetes_pod_ip'],
            action: 'replace',
            regex: '(\\d+);((([0-9]+?)(\\.|$)){4})',
            replacement: '$2:$1',
            target_label: '__address__',
          },
          { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
          { source_labels: ['__meta_kubernetes_namespace'], action: 'replace', target_label: 'namespace' },
          { source_labels: ['__meta_kubernetes_pod_name'], action: 'replace', target_label: 'pod' },
        ],
      },
    ],
  };
}

/** Scrapes must end before the next begins; Prometheus' own default is ten seconds. */
function shorter(interval: string): string {
  const seconds = /^([0-9]+)s$/.exec(interval)?.[1];
  return seconds !== undefined && Number(seconds) < 10 ? interval : '10s';
}
