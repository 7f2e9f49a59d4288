import { readFileSync } from 'node:fs';

/** The newest version of each C library that these programs and libraries ask of the system they run on. */
export function systemNeeds(files) {
  const newest = { GLIBC: [0], GLIBCXX: [0] };
  for (const file of files) {
    // Versions stand in an ELF file as plain text, such as GLIBC_2.28.
    for (const [, library, version] of readFileSync(file, 'latin1').matchAll(/\b(GLIBC|GLIBCXX)_(\d+(?:\.\d+)+)/g)) {
      const numbers = version.split('.').map(Number);
      if (isNewer(numbers, newest[library])) newest[library] = numbers;
    }
  }
  return { glibc: newest.GLIBC.join('.'), libstdcxx: `GLIBCXX_${newest.GLIBCXX.join('.')}` };
}

function isNewer(a, b) {
  const at = a.findIndex((number, n) => number !== (b[n] ?? 0));
  return at >= 0 && a[at] > (b[at] ?? 0);
}
