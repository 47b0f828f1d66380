/** The `date` of answers, made once a second. */

let second = 0;
let text = '';

/** `time` is in milliseconds since 1970. */
export function httpDate(time: number): string {
  const now = Math.floor(time / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
