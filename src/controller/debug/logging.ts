/** `POST /debug/logging?level=LEVEL`: changes the level of the log while the controller runs. */

import { LOG_LEVELS } from '../../base/log.ts';
import type { DebugPage } from './page.ts';

export const logging: DebugPage = {
  name: 'logging',
  summary: `Show or change the level of the log: POST ?level= ${LOG_LEVELS.join(', ')}`,
  method: 'POST',
  show({ log }, query) {
    if (!query.has('level')) return { status: 200, body: { level: log.level, levels: LOG_LEVELS } };
    const level = LOG_LEVELS.find((one) => one === query.get('level'));
    if (level === undefined) {
      return {
        status: 400,
        body: { error: `level must be one of ${LOG_LEVELS.join(', ')}`, level: log.level },
      };
    }
    log.level = level;
    return { status: 200, body: { level } };
  },
};
