/** A report with everything in it that could break a format. */

import type { Report, ReportFinding } from '../../../src/analysis/reporters/report.ts';

const NASTY = 'a "quoted" <b>, & 100% of\nit: \u0000\u001b[31m \ud800 ]]> ::error::';

const findings: readonly ReportFinding[] = [
  {
    code: 'MESH1001',
    name: 'Syntax',
    level: 'Error',
    message: 'cannot be read',
    origin: '',
    file: 'broken file.yaml',
  },
  {
    code: 'IST0101',
    name: 'ReferencedResourceNotFound',
    level: 'Error',
    message: NASTY,
    origin: 'VirtualService shop/pie',
    file: '/work space/shop/a,b:c.yaml',
    line: 3,
    column: 7,
    path: 'spec.http[0].headers["x-a.b"]',
    hint: 'Mend\nit.',
  },
  {
    code: 'IST0101',
    name: 'ReferencedResourceNotFound',
    level: 'Error',
    message: NASTY,
    origin: 'VirtualService shop/pie',
    file: '/work space/shop/a,b:c.yaml',
    line: 30,
    column: 7,
    path: 'spec.http[0].headers["x-a.b"]',
  },
  {
    code: 'IST0118',
    name: 'PortNameIsNotUnderNamingConvention',
    level: 'Info',
    message: 'a port',
    origin: 'Service pie',
    file: '-',
    line: 1,
    column: 1,
    path: '',
  },
  { code: 'IST0001', name: 'InternalError', level: 'Warning', message: 'no object', origin: '' },
  {
    code: 'IST0103',
    name: 'PodMissingProxy',
    level: 'Warning',
    message: 'accepted',
    origin: 'Pod shop/pie',
    file: '/work space/shop/a,b:c.yaml',
    line: 1,
    column: 1,
    suppressed: { reason: 'We know.' },
  },
];

export const SAMPLE: Report = {
  command: 'analyze',
  version: '1.2.3',
  base: '/work space',
  files: ['broken file.yaml', '/work space/shop/a,b:c.yaml', '/else/where.yaml', '-'],
  findings,
};

export const EMPTY: Report = { ...SAMPLE, findings: [] };
