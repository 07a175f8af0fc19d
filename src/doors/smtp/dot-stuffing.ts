/** A message on its way out: dots put in front of lines that begin with one, and the last line ended (RFC 5321 §4.5.2). */

const lineEnd = Buffer.from("\r\n");
const dotLine = Buffer.from("\r\n.");

/** The chunks as DATA carries them, up to the dot that ends it. Lines of the message end with CRLF. */
export async function* dotStuffed(message: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  // The last two octets said: the message begins as if behind a CRLF.
  let tail: Buffer = lineEnd;
  for await (const chunk of message) {
    if (chunk.length === 0) continue;
    yield* stuffedChunk(chunk, tail);
    tail = Buffer.concat([tail, chunk.subarray(-2)]).subarray(-2);
  }
  if (!tail.equals(lineEnd)) yield lineEnd;
}

function* stuffedChunk(chunk: Buffer, tail: Buffer): Generator<Buffer> {
  const seam = Buffer.concat([tail, chunk.subarray(0, 2)]);
  const dots = [0, 1].filter((at) => seam.subarray(at, at + 3).equals(dotLine));
  const inside: number[] = [];
  for (let at = chunk.indexOf(dotLine); at !== -1; at = chunk.indexOf(dotLine, at + 3)) inside.push(at + 2);
  if (dots.length + inside.length === 0) {
    yield chunk;
    return;
  }
  // One copy with room for every dot.
  const stuffed = Buffer.allocUnsafe(chunk.length + dots.length + inside.length);
  let from = 0;
  let to = 0;
  for (const dot of [...dots, ...inside]) {
    to += chunk.copy(stuffed, to, from, dot);
    stuffed[to++] = 0x2e;
    from = dot;
  }
  chunk.copy(stuffed, to, from);
  yield stuffed;
}
