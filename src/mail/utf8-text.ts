/** The text of header octets (RFC 6532 §3.1): they travel as Latin-1, one character an octet; read as UTF-8 they are what was written. */
import { isUtf8 } from "node:buffer";

export type Utf8Text = {
  readonly text: string;
  /** False: not UTF-8; what could not be read stands as U+FFFD. */
  readonly valid: boolean;
};

/** Reads a Latin-1 string of octets (`Header.text`) as UTF-8. */
export function decodeUtf8(octets: string): Utf8Text {
  if (!beyondAscii.test(octets)) return { text: octets, valid: true };
  const bytes = Buffer.from(octets, "latin1");
  return { text: bytes.toString("utf8"), valid: isUtf8(bytes) };
}
const beyondAscii = /[\x80-\xff]/;
