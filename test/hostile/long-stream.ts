/** A signed message too long to hold: the same block of lines again and again. */
import { createHash } from "node:crypto";
import { makeBody, seeded } from "../../bench/bodies.ts";
import { signDkim } from "../../bench/signer.ts";
import type { World } from "./world.ts";

/** Makes streams of at least so many octets, in fresh chunks of about 64 KB; `onChunk` is called before each. */
export function longStream(world: World, bytes: number): (onChunk?: () => void) => AsyncGenerator<Uint8Array> {
  // base64 lines have no white space: the canonical body is the body.
  const block = Buffer.from(makeBody("base64", 64_000, seeded(7)), "latin1");
  const count = Math.ceil(bytes / block.length);
  const bodyHash = createHash("sha256");
  for (let i = 0; i < count; i++) bodyHash.update(block);
  const head = Buffer.from(`From: <ceo@${world.victim.name}>\r\nTo: <anna@receiver.example>\r\nSubject: archive\r\n\r\n`, "latin1");
  const signed = signDkim(head, world.victim.signer("rsa-sha256"), {
    headers: ["From", "To", "Subject"],
    signedAt: world.signedAt,
    bodyHash: bodyHash.digest("base64"),
  });
  return async function* stream(onChunk) {
    yield signed;
    for (let i = 0; i < count; i++) {
      onChunk?.();
      yield Buffer.from(block);
    }
  };
}
