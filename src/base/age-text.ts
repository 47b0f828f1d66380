/** How long ago something was, in a few signs as kubectl has it: `12s`, `4m10s`, `3h`, `12d`. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** For a time in milliseconds; `0s` for one in the future, as clocks differ. */
export function ageText(milliseconds: number): string {
  const age = Math.max(0, milliseconds);
  if (!Number.isFinite(age)) return '-';
  if (age < 2 * MINUTE) return `${Math.floor(age / SECOND)}s`;
  if (age < 10 * MINUTE) return parts(age, [MINUTE, 'm'], [SECOND, 's']);
  if (age < 3 * HOUR) return `${Math.floor(age / MINUTE)}m`;
  if (age < 8 * HOUR) return parts(age, [HOUR, 'h'], [MINUTE, 'm']);
  if (age < 2 * DAY) return `${Math.floor(age / HOUR)}h`;
  return `${Math.floor(age / DAY)}d`;
}

type Unit = readonly [milliseconds: number, sign: string];

function parts(age: number, [large, sign]: Unit, [small, rest]: Unit): string {
  const more = Math.floor((age % large) / small);
  return `${Math.floor(age / large)}${sign}${more === 0 ? '' : `${more}${rest}`}`;
}
