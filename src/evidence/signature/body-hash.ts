/**
 * Body hashes (RFC 6376 §3.7 step 1) for all signatures of a message at once: each canonicalization is made once, each distinct
 * (canonicalization, length) is hashed once, and at most limits.bodyHashesMax of them are; later requests are refused. The
 * earlier request wins, so that callers put first what matters most.
 */

import { createHash, type Hash, hash } from "node:crypto";
import { keepOne } from "../../base/keep-one.ts";
import { limits } from "../../base/limits.ts";
import type { BodySink } from "../../mail/body.ts";
import type { LineEnd } from "../../mail/header.ts";
import { lfToCrlf } from "../../mail/octets.ts";
import { type Canonicalization, canonicalBody } from "./canonical-body.ts";

export type BodyHashRequest = {
  readonly canonicalization: Canonicalization;
  readonly algorithm: "sha256";
  /** The l= tag; null for the whole body. */
  readonly length: number | null;
};

export type BodyHash = {
  readonly hash: Buffer;
  /** Octets of the whole canonical body. */
  readonly canonicalBytes: number;
  /** Is every octet of it hashed? */
  readonly covered: boolean;
};

export interface BodyHasher extends BodySink {
  /** Once the body has been read to its end. */
  result(request: BodyHashRequest): BodyHash | "over-limit";
}

export function bodyHashes(requests: readonly BodyHashRequest[], lineEnd: LineEnd): BodyHasher {
  return new Hasher(requests, lineEnd);
}

class Hasher implements BodyHasher {
  private readonly lineEnd: LineEnd;
  private readonly states: State[] = [];
  private readonly bodies: BodySink[] = [];

  constructor(requests: readonly BodyHashRequest[], lineEnd: LineEnd) {
    this.lineEnd = lineEnd;
    for (const request of requests) {
      if (this.find(request) === undefined && this.states.length < limits.bodyHashesMax) this.states.push(new State(request));
    }
    for (const canonicalization of ["simple", "relaxed"] as const) {
      const states = this.states.filter((state) => state.request.canonicalization === canonicalization);
      const [only] = states;
      if (only === undefined) continue;
      const output =
        states.length === 1
          ? (octets: Uint8Array) => only.update(octets)
          : (octets: Uint8Array) => {
              for (const state of states) state.update(octets);
            };
      this.bodies.push(canonicalBody(canonicalization, output));
    }
  }

  update(block: Uint8Array): void {
    if (this.bodies.length === 0) return;
    // In an LF message each LF counts as CRLF, and a CR is an octet like any other (design: house.md, mail/).
    const octets = this.lineEnd === "lf" ? lfToCrlf(block) : block;
    for (const body of this.bodies) body.update(octets);
  }

  end(): void {
    for (const body of this.bodies) body.end();
    for (const state of this.states) state.end();
  }

  result(request: BodyHashRequest): BodyHash | "over-limit" {
    return this.find(request)?.result ?? "over-limit";
  }

  private find(request: BodyHashRequest): State | undefined {
    return this.states.find(
      (state) => state.request.canonicalization === request.canonicalization && state.request.length === request.length,
    );
  }
}

class State {
  readonly request: BodyHashRequest;
  result: BodyHash | null = null;
  private bytes = 0;
  /** A short body is gathered and hashed at one go, which costs half of what a Hash does; null once there is one, or while empty. */
  private gathered: Uint8Array | null = null;
  private gatheredBytes = 0;
  private hash: Hash | null = null;

  constructor(request: BodyHashRequest) {
    this.request = request;
  }

  update(octets: Uint8Array): void {
    const left = this.request.length === null ? octets.length : this.request.length - this.bytes;
    this.bytes += octets.length;
    if (left >= octets.length) this.take(octets);
    else if (left > 0) this.take(octets.subarray(0, left));
  }

  private take(octets: Uint8Array): void {
    if (this.hash === null && this.gatheredBytes + octets.length <= gatheredBytesMax) {
      this.gathered ??= spare.pop() ?? new Uint8Array(gatheredBytesMax);
      this.gathered.set(octets, this.gatheredBytes);
      this.gatheredBytes += octets.length;
      return;
    }
    this.hash ??= createHash("sha256").update(this.letGo());
    this.hash.update(octets);
  }

  end(): void {
    const covered = this.request.length === null || this.request.length >= this.bytes;
    const digest = this.hash === null ? hash("sha256", this.letGo(), "buffer") : this.hash.digest();
    this.result = { hash: digest, canonicalBytes: this.bytes, covered };
  }

  /** What was gathered, until the next body gathers; the memory goes back for others. */
  private letGo(): Uint8Array {
    const { gathered } = this;
    if (gathered === null) return nothing;
    this.gathered = null;
    if (spare.length < sparesMax) spare.push(gathered);
    return gathered.subarray(0, this.gatheredBytes);
  }
}

const gatheredBytesMax = 8 * 1024;
const nothing = new Uint8Array(0);
/** Memory to gather in that no body holds at the moment. */
const spare: Uint8Array[] = [];
const sparesMax = 8;

keepOne(new Hasher([{ canonicalization: "relaxed", algorithm: "sha256", length: null }], "crlf"));
keepOne(createHash("sha256"));
