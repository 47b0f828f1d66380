// Loaded before the proxy: on SIGUSR2 it writes what of the event loop is in use into the file that SOAK_REPORT names.
import { writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  writeFileSync(process.env.SOAK_REPORT, JSON.stringify(counts));
});
