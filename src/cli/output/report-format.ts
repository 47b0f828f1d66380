/** `-o FORMAT` of validate and analyze. Formats for machines are loaded when they are asked for. */

import { formatLog, formatValidation, type Paint } from '../../analysis/reporters/log.ts';
import type { Report } from '../../analysis/reporters/report.ts';
import type { Context } from '../context.ts';
import type { ReportFormat } from './report-formats.ts';

/** The whole output, ready for standard output. */
export async function formatReport(report: Report, format: ReportFormat, context: Context): Promise<string> {
  switch (format) {
    case 'log': {
      const paint = await painter(context);
      return report.command === 'validate' ? formatValidation(report, paint) : formatLog(report, paint);
    }
    case 'json':
      return (await import('../../analysis/reporters/json.ts')).formatJson(report);
    case 'yaml':
      return (await import('../../analysis/reporters/yaml.ts')).formatYaml(report);
    case 'sarif':
      return (await import('../../analysis/reporters/sarif.ts')).formatSarif(report);
    case 'junit':
      return (await import('../../analysis/reporters/junit.ts')).formatJunit(report);
    case 'github':
      return (await import('../../analysis/reporters/github.ts')).formatGithub(report);
  }
}

async function painter({ colour }: Context): Promise<Paint | undefined> {
  if (!colour) return undefined;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  const paints = { Error: chalk.bold.red, Warning: chalk.yellow, Info: chalk.cyan };
  return (level, text) => paints[level](text);
}
