// Makes a fresh clone ready: installs packages and builds the native kernels when they are missing or out of date.
// Plain JavaScript on purpose: it runs on a bare Node 20, before anything is installed.
//   --quiet     says only what takes time or fails     --native     builds the kernels even if they are up to date
//   --sanitize  builds the C++ test with the address and undefined-behaviour sanitisers and runs it
const LEAST_NODE = 20;
const major = Number(process.versions.node.split('.')[0]);
if (major < LEAST_NODE) {
  console.error(
    `setup: Arrowhead needs Node ${LEAST_NODE} or newer, and this is Node ${process.versions.node}.\n` +
      'Get it from https://nodejs.org/ or with your version manager (for instance: nvm install 24).',
  );
  process.exit(1);
}

const FLAGS = ['--quiet', '--native', '--sanitize'];
const flags = process.argv.slice(2);
const unknown = flags.find((flag) => !FLAGS.includes(flag));
if (unknown !== undefined) {
  console.error(`setup: unknown flag ${unknown}; it takes ${FLAGS.join(', ')}`);
  process.exit(2);
}

const { SetupError } = await import('./setup/setup-error.mjs');
try {
  const { setUp } = await import('./setup/set-up.mjs');
  await setUp({
    quiet: flags.includes('--quiet'),
    rebuild: flags.includes('--native'),
    sanitize: flags.includes('--sanitize'),
  });
} catch (error) {
  console.error(error instanceof SetupError ? `setup: ${error.message}` : error);
  process.exitCode = 1;
}
