/** Times as `strftime` writes them, with Envoy's `%f` and `%s`, and the forms with `%E`. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** A moment, taken apart in one time zone. */
interface Moment {
  /** Milliseconds since 1970, with a fraction. */
  readonly time: number;
  /** Its UTC getters give the wanted zone's fields. */
  readonly fields: Date;
  /** Minutes east of UTC. */
  readonly offset: number;
}

type Part = (moment: Moment) => string;

/** Writes a time, which is milliseconds since 1970. */
export type TimeFormat = (time: number) => string;

/** In UTC unless `local`. A letter that is not known stays as it is written. */
export function compileTimeFormat(format: string, local: boolean): TimeFormat {
  const parts: Part[] = [];
  let rest = 0;
  for (const match of format.matchAll(/%(?:E(\d*|\*)([SfzY])|([-_0^#]*)([1-9]?)([a-zA-Z%])|E([a-zA-Z]))/g)) {
    const before = format.slice(rest, match.index);
    if (before !== '') parts.push(() => before);
    rest = match.index + match[0].length;
    const [text, precision, extended, flags = '', width = '', letter, ignored] = match;
    const part =
      extended === undefined
        ? flagged(plainPart(letter ?? ignored ?? '', width === '' ? undefined : Number(width)), flags)
        : extendedPart(extended, precision ?? '');
    parts.push(part ?? (() => text));
  }
  const after = format.slice(rest);
  if (after !== '') parts.push(() => after);
  return (time) => {
    const whole = Math.floor(time);
    const offset = local ? -new Date(whole).getTimezoneOffset() : 0;
    const moment: Moment = { time, fields: new Date(whole + offset * 60_000), offset };
    let text = '';
    for (const part of parts) text += part(moment);
    return text;
  };
}

/** As access logs have them: `2026-01-31T09:05:00.123Z`. */
export function isoTime(time: number): string {
  return new Date(Math.floor(time)).toISOString();
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function padded(value: number, width: number, fill = '0'): string {
  return String(value).padStart(width, fill);
}

/** Digits behind the second. */
function fraction({ time }: Moment, digits: number): string {
  const nanos = Math.round((time - Math.floor(time / 1000) * 1000) * 1_000_000);
  return padded(nanos, 9).slice(0, digits);
}

function zone(offset: number, separator = ''): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${separator}${two(minutes % 60)}`;
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** Weeks that begin on that day of the week, those before the year's first one being 0. */
function weekOfYear(date: Date, firstDay: number): number {
  return Math.floor((dayOfYear(date) + 6 - ((date.getUTCDay() - firstDay + 7) % 7)) / 7);
}

/** ISO 8601: the week of the year's first Thursday is 1. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getTime());
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  return { year: thursday.getUTCFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

function twelve(date: Date): number {
  return date.getUTCHours() % 12 || 12;
}

function clock(date: Date): string {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

/** The flags of the C library: `-` for no padding, `_` for blanks, `^` for capitals. */
function flagged(part: Part | undefined, flags: string): Part | undefined {
  if (part === undefined || flags === '') return part;
  return (moment) => {
    const text = part(moment);
    const capital = flags.includes('^') ? text.toUpperCase() : text;
    if (flags.includes('-')) return capital.replace(/^[0 ]+(?=.)/, '');
    return flags.includes('_') ? capital.replace(/^0+(?=.)/, (zeros) => ' '.repeat(zeros.length)) : capital;
  };
}

function extendedPart(letter: string, precision: string): Part | undefined {
  switch (letter) {
    case 'S':
      return (moment) => {
        const seconds = two(moment.fields.getUTCSeconds());
        if (precision === '*') {
          const digits = fraction(moment, 9).replace(/0+$/, '');
          return digits === '' ? seconds : `${seconds}.${digits}`;
        }
        return precision === '' ? seconds : `${seconds}.${fraction(moment, Number(precision))}`;
      };
    case 'f':
      return (moment) =>
        precision === '*'
          ? fraction(moment, 9).replace(/0+$/, '') || '0'
          : fraction(moment, precision === '' ? 9 : Number(precision));
    case 'z':
      return ({ offset }) => zone(offset, ':');
    default:
      return ({ fields }) => padded(fields.getUTCFullYear(), 4);
  }
}

function plainPart(letter: string, width: number | undefined): Part | undefined {
  switch (letter) {
    case 'Y':
      return ({ fields }) => String(fields.getUTCFullYear());
    case 'C':
      return ({ fields }) => two(Math.floor(fields.getUTCFullYear() / 100));
    case 'y':
      return ({ fields }) => two(fields.getUTCFullYear() % 100);
    case 'm':
      return ({ fields }) => two(fields.getUTCMonth() + 1);
    case 'd':
      return ({ fields }) => two(fields.getUTCDate());
    case 'e':
      return ({ fields }) => padded(fields.getUTCDate(), 2, ' ');
    case 'H':
      return ({ fields }) => two(fields.getUTCHours());
    case 'k':
      return ({ fields }) => padded(fields.getUTCHours(), 2, ' ');
    case 'I':
      return ({ fields }) => two(twelve(fields));
    case 'l':
      return ({ fields }) => padded(twelve(fields), 2, ' ');
    case 'M':
      return ({ fields }) => two(fields.getUTCMinutes());
    case 'S':
      return ({ fields }) => two(fields.getUTCSeconds());
    case 'f':
      return (moment) => fraction(moment, width ?? 9);
    case 's':
      return (moment) => String(Math.floor(moment.time / 1000));
    case 'p':
      return ({ fields }) => (fields.getUTCHours() < 12 ? 'AM' : 'PM');
    case 'P':
      return ({ fields }) => (fields.getUTCHours() < 12 ? 'am' : 'pm');
    case 'a':
      return ({ fields }) => (DAYS[fields.getUTCDay()] ?? '').slice(0, 3);
    case 'A':
      return ({ fields }) => DAYS[fields.getUTCDay()] ?? '';
    case 'b':
    case 'h':
      return ({ fields }) => (MONTHS[fields.getUTCMonth()] ?? '').slice(0, 3);
    case 'B':
      return ({ fields }) => MONTHS[fields.getUTCMonth()] ?? '';
    case 'j':
      return ({ fields }) => padded(dayOfYear(fields), 3);
    case 'u':
      return ({ fields }) => String(fields.getUTCDay() || 7);
    case 'w':
      return ({ fields }) => String(fields.getUTCDay());
    case 'U':
      return ({ fields }) => two(weekOfYear(fields, 0));
    case 'W':
      return ({ fields }) => two(weekOfYear(fields, 1));
    case 'V':
      return ({ fields }) => two(isoWeek(fields).week);
    case 'G':
      return ({ fields }) => String(isoWeek(fields).year);
    case 'g':
      return ({ fields }) => two(isoWeek(fields).year % 100);
    default:
      return compositePart(letter);
  }
}

function compositePart(letter: string): Part | undefined {
  switch (letter) {
    case 'F':
      return ({ fields }) => fields.toISOString().slice(0, 10);
    case 'T':
    case 'X':
      return ({ fields }) => clock(fields);
    case 'R':
      return ({ fields }) => clock(fields).slice(0, 5);
    case 'D':
    case 'x':
      return ({ fields }) =>
        `${two(fields.getUTCMonth() + 1)}/${two(fields.getUTCDate())}/${two(fields.getUTCFullYear() % 100)}`;
    case 'r':
      return ({ fields }) =>
        `${two(twelve(fields))}${clock(fields).slice(2)} ${fields.getUTCHours() < 12 ? 'AM' : 'PM'}`;
    case 'c':
      return ({ fields }) =>
        `${(DAYS[fields.getUTCDay()] ?? '').slice(0, 3)} ${(MONTHS[fields.getUTCMonth()] ?? '').slice(0, 3)} ` +
        `${padded(fields.getUTCDate(), 2, ' ')} ${clock(fields)} ${fields.getUTCFullYear()}`;
    case 'z':
      return ({ offset }) => zone(offset);
    case 'Z':
      return ({ offset }) => (offset === 0 ? 'UTC' : zone(offset));
    case 't':
      return () => '\t';
    case 'n':
      return () => '\n';
    case '%':
      return () => '%';
    default:
      return undefined;
  }
}
