/** The variable that names the folder of runs, for command line, server and desktop app alike. */
export const LIBRARY_VARIABLE = 'ARROWHEAD_LIBRARY';

/** Of the command line and the server: in the folder that the user is in. */
export const DEFAULT_LIBRARY = 'runs';

/** The folder of runs where no option names one. `otherwise`: where the variable is not set. */
export function libraryFolder(otherwise: string = DEFAULT_LIBRARY): string {
  return process.env[LIBRARY_VARIABLE] || otherwise;
}
