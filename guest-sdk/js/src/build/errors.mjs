/** Errors of a build, with exit codes that other programs can rely on. */

export const EXIT = {
  /** The handler cannot be built as it is. */
  handler: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Something must be installed first. */
  missing: 3,
};

export class BuildError extends Error {
  /** `hint` tells the user what to do. */
  constructor(message, { exit = EXIT.handler, hint } = {}) {
    super(message);
    this.exit = exit;
    this.hint = hint;
  }
}
