/** What a caller asked of calibration that it cannot do: the message names the field, expected, found and what to do. */
export class CalibrationError extends Error {
  override readonly name: string = 'CalibrationError';
}

/** A search that was asked for and cannot be: what to ask for instead is in the message. */
export class CalibrationRequestError extends CalibrationError {
  override readonly name = 'CalibrationRequestError';
}

/** A file of ours that cannot be used: names the file and the field, what was expected and what was found. */
export class CalibrationFileError extends CalibrationError {
  override readonly name = 'CalibrationFileError';
  readonly file: string;

  constructor(file: string, problem: string, options?: ErrorOptions) {
    super(`${file}: ${problem}`, options);
    this.file = file;
  }
}
