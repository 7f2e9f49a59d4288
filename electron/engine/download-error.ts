/** A file that could not be downloaded: names the address, what was expected and found, and what to do. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly url: string;

  constructor(url: string, problem: string, options?: ErrorOptions) {
    super(`${url}: ${problem}`, options);
    this.url = url;
  }
}
