import path from 'node:path';

/** A module's neighbour by its name without extension: `.ts` in the repository, `.js` in the packaged app. */
export function besideModule(name: string, moduleUrl: string): URL {
  return new URL(`${name}${path.extname(moduleUrl)}`, moduleUrl);
}
