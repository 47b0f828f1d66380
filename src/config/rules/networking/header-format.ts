/** The syntax of header values that Envoy fills in: `%VARIABLE%`, `%VARIABLE(arguments)%` and `%%`. */

// Control characters other than the tab.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000A-\u001F\u007F]/;

/** Where the reader stands: what it has just read. */
type State = 'text' | 'name' | 'open' | 'string' | 'item' | 'comma' | 'list' | 'close';

const START: Readonly<Record<Exclude<State, 'text'>, string>> = {
  name: 'a variable without the "%" that ends it; write "%%" for a percent sign',
  open: 'a variable without arguments between "(" and ")"',
  string: 'a variable whose arguments do not end in ")"',
  item: 'a variable with a list that does not end in "]"',
  comma: 'a variable with a list that does not end in "]"',
  list: 'a variable whose arguments do not end in ")"',
  close: 'a variable without the "%" that ends it',
};

/**
 * What is wrong with a header value, as the end of a sentence; undefined when it is sound. Which variables
 * there are is not checked. The grammar is that of Envoy's header parser: arguments are free text, or a list
 * of strings in brackets, and a ")" ends them even within quotes.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers
 */
export function headerFormatProblem(value: string): string | undefined {
  if (FORBIDDEN.test(value)) return 'must not have control characters';
  let state: State = 'text';
  for (let index = 0; index < value.length; index++) {
    const char = value[index] ?? '';
    if (state === 'text') {
      if (char !== '%') continue;
      if (index === value.length - 1) return 'ends in a lone "%"; write "%%" for a percent sign';
      if (value[index + 1] === '%') index++;
      else state = 'name';
    } else if (state === 'string' && char === '\\') {
      if (index === value.length - 1) return 'ends in a lone backslash';
      index++;
    } else {
      const next = step(state, char);
      if (next === undefined) return `has ${START[state]}: "${char}" stands in the way`;
      state = next;
    }
  }
  return state === 'text' ? undefined : `has ${START[state]}`;
}

/** The state after a character inside a variable; undefined where it cannot stand. */
function step(state: Exclude<State, 'text'>, char: string): State | undefined {
  if (state === 'name') return char === '%' ? 'text' : char === '(' ? 'open' : 'name';
  if (state === 'string') return char === ')' ? 'close' : char === '"' ? 'item' : 'string';
  if (char === ' ') return state;
  switch (state) {
    case 'open':
      return char === '[' ? 'comma' : 'string';
    case 'comma':
      return char === '"' ? 'string' : undefined;
    case 'item':
      return char === ',' ? 'comma' : char === ']' ? 'list' : undefined;
    case 'list':
      return char === ')' ? 'close' : undefined;
    case 'close':
      return char === '%' ? 'text' : undefined;
    default:
      return state satisfies never;
  }
}
