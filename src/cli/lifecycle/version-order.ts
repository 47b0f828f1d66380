/** Which of two versions is newer. */

/** A number that is greater for a newer version; what comes before a release counts as the release. */
export function rankedVersion(version: string): number {
  const [, major = '0', minor = '0', patch = '0'] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return (Number(major) * 1_000 + Number(minor)) * 1_000 + Number(patch);
}
