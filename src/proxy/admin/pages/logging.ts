/** `/logging`: the level of each part's log, shown and changed. */

import { LOG_LEVELS, LOGGERS, type LogLevel, type LoggerName } from '../../process-log.ts';
import { type AdminPage, type AdminResponse, text } from '../page.ts';

export const LOGGING: AdminPage = {
  path: '/logging',
  description: 'query/change logging levels',
  mutates: true,
  parameters: [
    {
      name: 'paths',
      description:
        'Change multiple logging levels by setting to <logger_name1>:<desired_level1>,<logger_name2>:<desired_level2>.',
    },
    {
      name: 'level',
      description:
        "desired logging level, this will change all loggers's level; One of (, trace, debug, info, warning, error, critical, off)",
    },
  ],
  respond({ query }, { log, setLogLevel }) {
    const changes: [LoggerName | undefined, LogLevel][] = [];
    for (const [name, value] of query) {
      if (name === 'level') {
        const level = levelOf(value);
        if (level === undefined) return wrong(`unknown logger level ${value}`);
        changes.push([undefined, level]);
        continue;
      }
      const pairs = name === 'paths' ? value.split(',').map((pair) => pair.split(':', 2)) : [[name, value]];
      for (const [loggerName = '', levelName = ''] of pairs) {
        const logger = LOGGERS.find((one) => one === loggerName);
        const level = levelOf(levelName);
        if (logger === undefined) return wrong(`unknown logger name ${loggerName}`);
        if (level === undefined) return wrong(`unknown logger level ${levelName}`);
        changes.push([logger, level]);
      }
    }
    for (const [name, level] of changes) setLogLevel(level, name);
    const lines = [...log.levels].map(([name, level]) => `  ${name}: ${level}\n`);
    return text(`active loggers:\n${lines.join('')}\n`);
  },
};

function levelOf(name: string): LogLevel | undefined {
  return LOG_LEVELS.find((level) => level === (name === 'warn' ? 'warning' : name));
}

function wrong(problem: string): AdminResponse {
  return text(
    `error: ${problem.slice(0, 200)}\n\nusage: /logging?<name>=<level> (change single level)\nusage: /logging?paths=name1:level1,name2:level2,... (change multiple levels)\nusage: /logging?level=<level> (change all levels)\nlevels: ${LOG_LEVELS.join(' ')}\n`,
    400,
  );
}
