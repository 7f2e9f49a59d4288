import { DEFAULT_COMMAND } from '../contract/lpips.ts';

/**
 * How Arrowhead's command line is called here, as people can type it: `npx arrowhead`, `npm run arrowhead --`,
 * `./arrowhead`. What started the program says so (bin.mjs, the bundle's launcher); every hint and help uses this.
 */
export function commandName(): string {
  return process.env.ARROWHEAD_COMMAND || DEFAULT_COMMAND;
}
