/** Properties are tried with values by chance, other ones in each run. MESH_FUZZ_SEED repeats those of the seed that a failure names. */

const seed = process.env['MESH_FUZZ_SEED'];
if (seed !== undefined) {
  const { configureGlobal } = await import('fast-check');
  configureGlobal({ seed: Number(seed) });
}
