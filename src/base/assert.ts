/**
 * Assertions: a broken invariant is a bug of ours, not of the mail (house rule 5).
 * It is thrown here, caught once per message at the door, and answered there as a temporary failure.
 */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws AssertionError unless the condition holds. Never use it on anything that came from outside. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** Ends a switch over a closed union: unreachable unless the union grew. */
export function unreachable(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}
