/** A file or folder that would be overwritten. */
export class OutputExistsError extends Error {
  override readonly name = 'OutputExistsError';

  constructor(path: string, advice = 'Choose another name, or give --force to overwrite it') {
    super(`${path} is there already. ${advice}`);
  }
}
