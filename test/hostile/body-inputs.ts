/** Hostile bodies, each signed by the victim itself: whatever its size and shape, an honest message keeps its pass. */
import { passes, passesWith } from "./expectations.ts";
import type { HostileInput, World } from "./world.ts";

const mb = 1_000_000;

export function bodyInputs(world: World): HostileInput[] {
  const head = `From: <ceo@${world.victim.name}>\r\nTo: <anna@receiver.example>\r\nSubject: large\r\n\r\n`;
  const signed =
    (body: () => string, canonicalization: "relaxed/relaxed" | "simple/simple" = "relaxed/relaxed") =>
    () =>
      world.sign(Buffer.from(head + body(), "latin1"), { canonicalization });
  const honest = (name: string, message: () => Buffer, expect: HostileInput["expect"] = passes): HostileInput => ({
    name,
    message,
    envelope: world.honest,
    expect,
  });
  return [
    honest(
      "a 40 MB body in one line",
      signed(() => `${"x".repeat(40 * mb)}\r\n`),
      passesWith("long-line"),
    ),
    honest(
      "a 40 MB body in one line without a line end, simple",
      signed(() => "x".repeat(40 * mb), "simple/simple"),
      passesWith("long-line"),
    ),
    honest(
      "10 MB of spaces in one line",
      signed(() => `${" ".repeat(10 * mb)}.\r\n`),
    ),
    honest(
      "10 MB of spaces and tabs at the end of the body",
      signed(() => `text${" \t".repeat(5 * mb)}`),
    ),
    honest(
      "10 MB of words of one letter",
      signed(() => `${"a ".repeat(5 * mb)}\r\n`),
    ),
    honest(
      "10 MB of lines of one space",
      signed(() => " \r\n".repeat(3_400_000)),
    ),
    honest(
      "10 MB of blank lines",
      signed(() => "\r\n".repeat(5 * mb)),
    ),
    honest(
      "10 MB of blank lines, simple",
      signed(() => "\r\n".repeat(5 * mb), "simple/simple"),
    ),
    honest(
      "10 MB of blank lines, then a line",
      signed(() => `${"\r\n".repeat(5 * mb)}end\r\n`),
    ),
    honest(
      "10 MB of blank lines, then a line, simple",
      signed(() => `${"\r\n".repeat(5 * mb)}end\r\n`, "simple/simple"),
    ),
    honest(
      "10 MB of bare LF in a CRLF message",
      signed(() => "\n".repeat(10 * mb)),
      passesWith("bare-lf"),
    ),
    honest("10 MB of bare LF in an LF message", inLf(signed(() => "\r\n".repeat(10 * mb))), passesWith("lf-only")),
    honest("10 MB of bare LF in an LF message, then a line", inLf(signed(() => `${"\r\n".repeat(10 * mb)}end\r\n`)), passesWith("lf-only")),
    honest(
      "10 MB of bare CR",
      signed(() => "\r".repeat(10 * mb)),
      passesWith("bare-cr"),
    ),
    honest(
      "10 MB of CR CR LF",
      signed(() => "\r\r\n".repeat(3_400_000)),
      passesWith("bare-cr"),
    ),
    honest(
      "10 MB of NUL",
      signed(() => "\0".repeat(10 * mb)),
      passesWith("nul"),
    ),
    honest(
      "10 MB of bytes above 127",
      signed(() => "\xff".repeat(10 * mb)),
    ),
  ];
}

/** As a mail store that drops the CRs hands it out. */
function inLf(message: () => Buffer): () => Buffer {
  return () => {
    const bytes = message();
    let length = 0;
    for (const octet of bytes) if (octet !== 0x0d) bytes[length++] = octet;
    return bytes.subarray(0, length);
  };
}
