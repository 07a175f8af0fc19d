/**
 * A complete field on lines as full as 78 columns let them be (RFC 5322 §2.1.1). It is broken only between the parts it is given;
 * a part that is longer than a line has one to itself. Each further line begins with one space.
 */

/** `joint` stands between parts on the same line; at a fold the line's leading space takes its place. */
export function folded(name: string, parts: readonly string[], joint: "" | " "): string {
  let text = `${name}: `;
  let column = text.length;
  for (let i = 0; i < parts.length; i += 1) {
    const part = parts[i] ?? "";
    if (i > 0 && column + joint.length + part.length > lineBytes) {
      text += `\r\n ${part}`;
      column = 1 + part.length;
    } else {
      text += i === 0 ? part : joint + part;
      column += part.length + (i === 0 ? 0 : joint.length);
    }
  }
  return text;
}

const lineBytes = 78;

/** The field whose value, unfolded, is `value` again. */
export function foldedField(name: string, value: string): string {
  return folded(name, value.split(" "), " ");
}
