/** The formats that validate and analyze print. Metadata of commands reads this, so it imports nothing. */

/** In the order of help. */
export const REPORT_FORMATS = ['log', 'json', 'yaml', 'sarif', 'junit', 'github'] as const;

export type ReportFormat = (typeof REPORT_FORMATS)[number];
