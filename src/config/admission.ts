/** What of the configuration is put in force: good objects; of bad ones the last good version. */

import { credentialFaults } from './credentials/check.ts';
import { objectIdentity } from './identity.ts';
import { formatFieldPath } from '../base/field-path.ts';
import type { CheckName, Finding } from './finding.ts';
import { type MeshObject, objectName } from './object.ts';
import type { Problem } from './parse/problem.ts';
import { validate } from './validate.ts';

/** Something that is not put in force, and why. */
export interface Rejection {
  readonly file: string;
  /** From 1; undefined when the fault has no place in the text. */
  readonly line: number | undefined;
  /** `Kind namespace/name`; undefined when it is not clear what the text is. */
  readonly object: string | undefined;
  readonly errors: readonly string[];
  /** An earlier version of the object, or of what the file held, stays in force. */
  readonly isEarlierInForce: boolean;
}

export interface Admitted {
  readonly objects: readonly MeshObject[];
  readonly rejections: readonly Rejection[];
}

export interface AdmissionOptions {
  readonly defaultNamespace: string;
  readonly rootNamespace: string;
  /** Certificates and keys in Secrets are looked at: they are used. */
  readonly usesSecrets?: boolean;
}

/** What was read of one file. */
export interface ReadFile {
  readonly objects: readonly MeshObject[];
  readonly problems: readonly Problem[];
}

/** Faults that are not of the object itself: the configuration as a whole decides what becomes of them. */
const NOT_ITS_OWN: ReadonlySet<CheckName> = new Set(['Duplicate', 'BrokenReference']);

/**
 * Decides what of a file is in force, given what of it was in force before. An object with errors is set aside;
 * so is a file's text that cannot be read, and what it held before stays.
 */
export async function admit(
  file: ReadFile,
  before: readonly MeshObject[],
  options: AdmissionOptions,
): Promise<Admitted> {
  const identity = (object: MeshObject): string => objectIdentity(object, options.defaultNamespace);
  const earlier = new Map(before.map((object) => [identity(object), object]));
  const objects: MeshObject[] = [];
  const rejections: Rejection[] = [];
  const errorsOf = new Map(
    (await validate(file.objects, { ...options, referential: false })).map(({ object, findings }) => [
      object,
      findings.filter(({ level, check }) => level === 'Error' && !NOT_ITS_OWN.has(check)),
    ]),
  );
  const named = new Set<string>();
  for (const object of file.objects) {
    const errors = (errorsOf.get(object) ?? []).map(errorText);
    if (options.usesSecrets === true) errors.push(...credentialFaults(object));
    const id = identity(object);
    named.add(id);
    if (errors.length === 0) {
      objects.push(object);
      continue;
    }
    const kept = earlier.get(id);
    if (kept !== undefined) objects.push(kept);
    rejections.push({
      file: object.source.file,
      line: object.source.line,
      object: objectName(object),
      errors,
      isEarlierInForce: kept !== undefined,
    });
  }
  const broken = file.problems.filter(({ level }) => level === 'Error');
  if (broken.length === 0) return { objects, rejections };
  // It cannot be told which objects the broken text meant to hold, so none that was there is taken away.
  const kept = before.filter((object) => !named.has(identity(object)));
  for (const { file, line, message } of broken) {
    rejections.push({ file, line, object: undefined, errors: [message], isEarlierInForce: kept.length > 0 });
  }
  return { objects: [...objects, ...kept], rejections };
}

function errorText({ path, message, hint }: Finding): string {
  const place = path.length === 0 ? '' : `${formatFieldPath(path)}: `;
  return `${place}${message}${hint === undefined ? '' : ` (${hint})`}`;
}
