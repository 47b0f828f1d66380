// Loaded before a measured command: writes the peak memory of its process, in KiB, to the file it is told.
import { writeFileSync } from 'node:fs';

process.on('exit', () =>
  writeFileSync(process.env['BENCH_MEMORY_FILE'], String(process.resourceUsage().maxRSS)),
);
