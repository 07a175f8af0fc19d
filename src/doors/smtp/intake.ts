/**
 * A message on its way in: each chunk goes to the spool and then to the inspection, which sets the pace. What makes the message impossible
 * (its size, a bare line end, a full disk, a client that is too slow) is noted once; from then on the rest is read and thrown away, up to a
 * limit, so that the client hears of it at the end, where it listens.
 */
import { createHash, type Hash } from "node:crypto";
import { limits } from "../../base/limits.ts";
import { HeaderExtent } from "./header-extent.ts";
import type { MessageInput, Pulled } from "./input.ts";
import { type Spool, SpoolFault } from "./spool.ts";

/** `long-header`: its fields past the limit would be looked at by nobody. `storage`: the disk. `late`: the client is too slow. `lost`: it went away. */
export type Trouble = "forbidden" | "too-large" | "long-header" | "storage" | "late" | "lost";

export type IntakeOptions = {
  readonly input: MessageInput;
  readonly spool: Spool;
  readonly messageBytesMax: number;
  /** Whether the message is to be known again. */
  readonly isDigested: boolean;
  readonly onSpoolFault: (error: SpoolFault) => void;
};

export class Intake {
  readonly #options: IntakeOptions;
  readonly #hash: Hash | null;
  readonly #endsAt: number;
  readonly #header = new HeaderExtent();
  #trouble: Trouble | null = null;
  #isEnded = false;
  #isCut = false;
  #bytes = 0;
  #discarded = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#hash = options.isDigested ? createHash("sha256") : null;
    this.#endsAt = performance.now() + limits.proxyMessageMs;
  }

  get trouble(): Trouble | null {
    return this.#trouble;
  }

  /** Whether the message was left before its end: nothing that the client sends now can be understood. */
  get isCut(): boolean {
    return this.#isCut;
  }

  digest(about: string): string | null {
    return this.#hash?.update(`\0${about}`).digest("base64") ?? null;
  }

  /** For the inspection. Fails where the message cannot be had. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (let chunk = await this.#next(); chunk !== null; chunk = await this.#next()) yield chunk;
    if (this.#trouble !== null) throw new Error(`no message: ${this.#trouble}`);
  }

  /** What the inspection did not want to read: spooled all the same. */
  async keepRest(): Promise<void> {
    while ((await this.#next()) !== null);
    if (this.#trouble !== null) await this.dropRest();
  }

  /** Up to the end of the message, kept by nobody. */
  async dropRest(): Promise<void> {
    while (!this.#isEnded && !this.#isCut) {
      const pulled = await this.#pull();
      if (pulled.kind !== "bytes") continue;
      this.#discarded += pulled.bytes.length;
      this.#isCut ||= this.#discarded > limits.proxyDiscardBytesMax;
    }
  }

  /** Null: the end, or trouble. */
  async #next(): Promise<Buffer | null> {
    if (this.#isEnded || this.#trouble !== null) return null;
    const pulled = await this.#pull();
    if (this.#options.input.isForbidden) this.#trouble ??= "forbidden";
    if (pulled.kind !== "bytes" || this.#trouble !== null) return null;
    this.#bytes += pulled.bytes.length;
    if (this.#bytes > this.#options.messageBytesMax) {
      this.#trouble = "too-large";
      return null;
    }
    if (this.#header.isTooLong(pulled.bytes)) {
      this.#trouble = "long-header";
      return null;
    }
    return this.#spooled(pulled.bytes);
  }

  async #spooled(bytes: Buffer): Promise<Buffer | null> {
    try {
      await this.#options.spool.write(bytes);
    } catch (error) {
      if (!(error instanceof SpoolFault)) throw error;
      this.#options.onSpoolFault(error);
      this.#trouble = "storage";
      return null;
    }
    this.#hash?.update(bytes);
    return bytes;
  }

  async #pull(): Promise<Pulled> {
    const left = this.#endsAt - performance.now();
    const pulled = await withTimeout(this.#options.input.pull(), Math.min(left, limits.proxyBlockMs));
    if (pulled === null || pulled.kind === "lost") {
      this.#isCut = true;
      this.#trouble ??= pulled === null ? "late" : "lost";
    }
    this.#isEnded ||= pulled?.kind === "end";
    return pulled ?? { kind: "lost" };
  }
}

/** Null: not in time. */
async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
