/** The `date` of answers, made once a second. */

const { timeOrigin } = performance;

let second = 0;
let text = '';

/** `time` is in milliseconds of `performance.now()`. */
export function httpDate(time: number): string {
  const now = Math.floor((timeOrigin + time) / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
