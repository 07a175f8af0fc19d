/**
 * Message bodies of a given size, the same for the same seed: text, base64, indented HTML, and lines without a CR. Chosen for what
 * they ask of a canonicalizer: base64 has nothing to rewrite, indented HTML has white space everywhere.
 */
export type BodyKind = "text" | "base64" | "html" | "empty-lines";

/** A body of about `bytes` octets with CRLF lines. */
export function makeBody(kind: BodyKind, bytes: number, random: () => number): string {
  switch (kind) {
    case "text":
      return linesUntil(bytes, () => words(random, 6 + Math.floor(random() * 6)));
    case "base64":
      return base64Lines(bytes, random);
    case "html":
      return linesUntil(bytes, () => htmlLine(random));
    case "empty-lines":
      return `${"\r\n".repeat(bytes)}${words(random, 6)}\r\n`;
    default:
      return kind satisfies never;
  }
}

/** Mulberry32: a small seeded generator of numbers from 0 up to 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function linesUntil(bytes: number, line: () => string): string {
  const lines: string[] = [];
  for (let size = 0; size < bytes; ) {
    const next = line();
    lines.push(next);
    size += next.length + 2;
  }
  return `${lines.join("\r\n")}\r\n`;
}

function words(random: () => number, count: number): string {
  const chosen: string[] = [];
  for (let i = 0; i < count; i++) chosen.push(vocabulary[Math.floor(random() * vocabulary.length)] ?? "");
  return chosen.join(" ");
}

function base64Lines(bytes: number, random: () => number): string {
  const raw = Buffer.alloc(Math.ceil((bytes * 57) / 78));
  for (let i = 0; i + 4 <= raw.length; i += 4) raw.writeUInt32LE(Math.floor(random() * 0x1_0000_0000), i);
  return `${(raw.toString("base64").match(/.{1,76}/g) ?? []).join("\r\n")}\r\n`;
}

function htmlLine(random: () => number): string {
  const indent = random() < 0.1 ? "\t".repeat(1 + Math.floor(random() * 5)) : "  ".repeat(1 + Math.floor(random() * 12));
  const choice = random();
  if (choice < 0.06) return indent; // a line of nothing but its indentation
  if (choice < 0.5)
    return `${indent}<td style="padding: 0 8px;"   align="left" valign="top">${words(random, 2)}</td>${choice < 0.12 ? "  " : ""}`;
  if (choice < 0.75) return `${indent}<tr>`;
  return `${indent}<a href="https://example.com/${Math.floor(random() * 1e9)}"  class="button">${words(random, 3)}</a>`;
}

const vocabulary =
  "invoice meeting please attached regards quarterly report shipment order customer account balance thank you review agenda Monday payment number before the of and to your our for with".split(
    " ",
  );
