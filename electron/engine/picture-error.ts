/** A picture file that cannot be used: names the file, what was expected and what was found. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}
