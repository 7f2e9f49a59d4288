import type { ExportedFile } from '../../electron/contract.ts';

/** Hands a file to the user: a download in a browser, a save dialog in Electron. */
export function saveFile({ fileName, mediaType, data }: ExportedFile): void {
  const url = URL.createObjectURL(new Blob([data], { type: mediaType }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  // The download has to begin before its address goes away.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
