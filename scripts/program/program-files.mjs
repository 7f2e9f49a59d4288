// What the program needs at run time beside its JavaScript, wherever it is packaged: in Electron's app and in bundles.

/** Paths from the root of a built clone. */
export const PROGRAM_FILES = ['package.json', 'LICENSE', 'demo/prompts.json', 'dist/renderer'];
export const KERNELS = 'native-kernels/build/release';
export const DEMO_CHECKPOINT = 'demo/checkpoint';

/** Whether a file of a package in node_modules is more than documentation and types; licences always are. */
export function isRunTimeFile(file) {
  return LICENCE.test(file) || !NOT_AT_RUN_TIME.test(file);
}

const LICENCE = /(^|\/)(licen[cs]e|notice|copying|third-?party-?notices?)[^/]*$/i;
const NOT_AT_RUN_TIME = /\.(map|md|markdown|flow|tsx?|[cm]ts|bare)$/i;
