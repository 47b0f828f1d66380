/** How Kubernetes lets ports be written: names of container ports, and fields that take a number or a name. */

const MAX_PORT = 65535;
const MAX_NAME = 15;

/** Whether the number is a port that can be listened on. */
export function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= MAX_PORT;
}

/**
 * What is wrong with the name of a container port (IANA service name, RFC 6335), as the end of a sentence;
 * undefined when it is sound.
 */
export function containerPortNameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME) return `is longer than ${MAX_NAME} characters`;
  if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    return 'may have only lower-case letters, digits and "-", with a letter or digit at both ends';
  }
  if (!/[a-z]/.test(name)) return 'needs at least one letter';
  return name.includes('--') ? 'must not have two dashes in a row' : undefined;
}

/** What is wrong with a port given by number or name, as the end of a sentence; undefined when it is sound. */
export function portOrNameProblem(port: number | string): string | undefined {
  if (typeof port === 'string') return containerPortNameProblem(port);
  return isPortNumber(port) ? undefined : `is no port: ports are 1 to ${MAX_PORT}`;
}
