/**
 * Which protocol a new connection of the HTTP door speaks, told by its first octets: RSPAMC, which is older than HTTP and which Exim's spam
 * condition still speaks, or HTTP, which is whatever begins otherwise. It takes nothing away: what was read is put back for whoever serves it.
 */
import type { Socket } from "node:net";

export type Spoken = "http" | "rspamc";

/** No request line of HTTP begins so: its target would be a path, a URL or `*` (RFC 9112 §3.2). */
const openings = ["CHECK RSPAMC/", "SYMBOLS RSPAMC/", "PING RSPAMC/"].map((text) => Buffer.from(text, "latin1"));

/** Null: more octets are needed. */
export function spokenIn(first: Uint8Array): Spoken | null {
  const octets = Buffer.from(first.buffer, first.byteOffset, first.length);
  const isOpening = (opening: Buffer): boolean => {
    const length = Math.min(opening.length, octets.length);
    return opening.subarray(0, length).equals(octets.subarray(0, length));
  };
  const fitting = openings.filter(isOpening);
  if (fitting.length === 0) return "http";
  return fitting.some(({ length }) => length <= octets.length) ? "rspamc" : null;
}

export type FirstOctets = {
  readonly withinMs: number;
  readonly onKnown: (spoken: Spoken) => void;
  /** Not enough came in that time. A client that ends before is gone, and nothing is called. */
  readonly onLate: () => void;
};

export function awaitFirstOctets(socket: Socket, { withinMs, onKnown, onLate }: FirstOctets): void {
  let seen: Uint8Array = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const spoken = spokenIn(seen);
      if (spoken === null) continue;
      release();
      socket.unshift(seen);
      onKnown(spoken);
      return;
    }
  };
  const onGone = (): void => {
    release();
    socket.destroy();
  };
  const late = setTimeout(() => {
    release();
    onLate();
  }, withinMs);
  const release = (): void => {
    clearTimeout(late);
    socket.removeListener("readable", onReadable);
    socket.removeListener("end", onGone);
    socket.removeListener("close", onGone);
  };
  socket.on("readable", onReadable);
  socket.once("end", onGone);
  socket.once("close", onGone);
}
