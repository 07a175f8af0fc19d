/**
 * A store that cannot be used, for whoever asked it directly (entries, views, maintenance): a closed code, and a message with what to do.
 * On the way of mail no fault is thrown: there it is a value (memory.ts).
 */
export type StoreFaultCode =
  | "locked"
  | "full"
  | "corrupt"
  | "io"
  | "cannot-open"
  | "read-only"
  | "newer-schema"
  | "older-schema"
  | "foreign"
  | "writer"
  | "unexpected";

export class StoreFault extends Error {
  override name = "StoreFault";
  readonly code: StoreFaultCode;
  constructor(code: StoreFaultCode, message: string) {
    super(message);
    this.code = code;
  }
}
