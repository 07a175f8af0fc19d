/** A message as a stream of chunks of one size; the last may be shorter. Each chunk is a view, as a socket's would be. */
export async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
