/** Ends a command with exit code 1 where what it printed says already what is wrong, also as its one JSON object. */
export class ReportedFailure extends Error {
  override readonly name = 'ReportedFailure';
}
