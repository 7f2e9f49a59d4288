/**
 * A file of the packaged app as the system sees it. Inside Electron's archive only Node's own file functions can read;
 * ONNX Runtime opens weights by itself, and what it opens lies unpacked beside the archive.
 */
export function fileOnDisk(file: string): string {
  return file.replace(/([\\/]app\.asar)(?=[\\/])/, '$1.unpacked');
}
