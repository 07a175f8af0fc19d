/**
 * Where a message waits until its headers are known: in memory, and from a limit on in a file that has no name, so that nothing of it is
 * left whatever becomes of the process. One copy in, blocks out; at most `memoryBytesMax` of a message are held.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";

export type SpoolPlace = { readonly folder: string; readonly memoryBytesMax: number };

/** The disk did not take it, or did not give it back. */
export class SpoolFault extends Error {
  override name = "SpoolFault";
}

const firstBytes = 16 * 1024;
const blockBytes = 64 * 1024;

export class Spool {
  readonly #place: SpoolPlace;
  #memory: Buffer;
  #used = 0;
  #file: FileHandle | null = null;
  #filed = 0;

  constructor(place: SpoolPlace) {
    this.#place = place;
    this.#memory = Buffer.allocUnsafeSlow(Math.min(firstBytes, place.memoryBytesMax));
  }

  get bytes(): number {
    return this.#filed + this.#used;
  }

  get isFiled(): boolean {
    return this.#file !== null;
  }

  /** Takes a copy. One call at a time. */
  async write(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length; ) {
      if (this.#used === this.#memory.length) await this.#makeRoom(chunk.length - from);
      const taken = chunk.copy(this.#memory, this.#used, from);
      this.#used += taken;
      from += taken;
    }
  }

  /** From the beginning. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; this.#file !== null && at < this.#filed; ) {
      const block = Buffer.allocUnsafe(Math.min(blockBytes, this.#filed - at));
      const { bytesRead } = await this.#file.read(block, 0, block.length, at).catch(faulty);
      if (bytesRead === 0) throw new SpoolFault("the spool file is shorter than what was written");
      at += bytesRead;
      yield block.subarray(0, bytesRead);
    }
    for (let at = 0; at < this.#used; at += blockBytes) yield this.#memory.subarray(at, Math.min(at + blockBytes, this.#used));
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#memory = Buffer.alloc(0);
    this.#used = 0;
    await file?.close().catch(() => {});
  }

  async #makeRoom(wanted: number): Promise<void> {
    const { memoryBytesMax, folder } = this.#place;
    const size = Math.min(memoryBytesMax, Math.max(2 * this.#memory.length, this.#used + wanted));
    if (size > this.#memory.length) {
      const grown = Buffer.allocUnsafeSlow(size);
      this.#memory.copy(grown, 0, 0, this.#used);
      this.#memory = grown;
      return;
    }
    this.#file ??= await openUnnamed(folder);
    let from = 0;
    while (from < this.#used) {
      const { bytesWritten } = await this.#file.write(this.#memory, from, this.#used - from, this.#filed).catch(faulty);
      from += bytesWritten;
      this.#filed += bytesWritten;
    }
    this.#used = 0;
  }
}

/** Throws a SpoolFault where the folder takes no file. */
export async function checkSpool(folder: string): Promise<void> {
  await (await openUnnamed(folder)).close();
}

// open(2): O_TMPFILE as most architectures have it; node names no constant for it.
const unnamed = 0o20000000 | constants.O_DIRECTORY;

async function openUnnamed(folder: string): Promise<FileHandle> {
  if (process.platform === "linux") {
    const file = await open(folder, constants.O_RDWR | unnamed, 0o600).catch(() => null);
    if (file !== null) return file;
  }
  // A file system that has no unnamed files: the name goes before anything is written.
  const path = join(folder, `assay-${randomBytes(12).toString("hex")}.spool`);
  const file = await open(path, "wx+", 0o600).catch(faulty);
  await unlink(path).catch(async (error: unknown) => {
    await file.close();
    return faulty(error);
  });
  return file;
}

function faulty(cause: unknown): never {
  throw new SpoolFault(`spool: ${cause instanceof Error ? cause.message : "unknown"}`, { cause });
}
