/**
 * Reads a body once, whatever its source, and hands it on in blocks to everyone who wants to see it; on the way it finds the
 * defects of the body's lines (RFC 5322 §2.1.1, §2.3). Nothing depends on where chunks end. It never holds the event loop for
 * more than a few megabytes of work, and holds no more of the body than one block. It refuses to decode or repair.
 */
import { keepOne } from "../base/keep-one.ts";
import { limits } from "../base/limits.ts";
import type { Defect } from "./defect.ts";
import type { LineEnd } from "./header.ts";
import { blockBytesMax, type LineScan, lineDefects, scanLines } from "./octets.ts";

/** Somebody who reads along. Blocks hold until `update` returns, and are at most `bodyBlockBytesMax` long. */
export type BodySink = { update(block: Uint8Array): void; end(): void };

export type BodyRead = { readonly bytes: number; readonly defects: ReadonlySet<Defect> };

export const bodyBlockBytesMax = blockBytesMax / 2;

/** Reads the body to its end. Returns at once for bytes that take a few milliseconds, else a promise; rejects only where a stream fails. */
export function readBody(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  lineEnd: LineEnd,
  sinks: readonly BodySink[],
): BodyRead | Promise<BodyRead> {
  const reader = new BodyReader(lineEnd, sinks);
  if (!(body instanceof Uint8Array)) return readStream(body, reader);
  if (body.length > bytesPerTurn) return readStream([body], reader);
  reader.take(body);
  return reader.end();
}

// About 20 ms of work with four body hashes, on a slow machine.
const bytesPerTurn = 4 * 1024 * 1024;
const chunksPerTurn = 1000;

/** Chunks smaller than this are gathered into blocks first: a source that gives single octets costs one copy, not one round each. */
const smallChunkBytes = 8 * 1024;

async function readStream(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, reader: BodyReader): Promise<BodyRead> {
  const gathered = new Gathered(reader);
  let bytes = 0;
  let count = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += bytesPerTurn) {
      const part = chunk.subarray(at, at + bytesPerTurn);
      bytes += part.length;
      if (bytes > bytesPerTurn) {
        await nextTurn();
        bytes = part.length;
        count = 0;
      }
      gathered.take(part);
    }
    count += 1;
    if (count === chunksPerTurn) {
      await nextTurn();
      bytes = 0;
      count = 0;
    }
  }
  gathered.flush();
  return reader.end();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class Gathered {
  private readonly reader: BodyReader;
  private buffer: Uint8Array | null = null;
  private filled = 0;

  constructor(reader: BodyReader) {
    this.reader = reader;
  }

  take(chunk: Uint8Array): void {
    if (chunk.length >= smallChunkBytes) {
      this.flush();
      this.reader.take(chunk);
      return;
    }
    this.buffer ??= new Uint8Array(bodyBlockBytesMax);
    if (this.filled + chunk.length > bodyBlockBytesMax) this.flush();
    this.buffer.set(chunk, this.filled);
    this.filled += chunk.length;
  }

  flush(): void {
    if (this.buffer !== null && this.filled > 0) this.reader.take(this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }
}

class BodyReader {
  private readonly sinks: readonly BodySink[];
  private readonly scan: LineScan;
  private endsWithCr = false;
  private bytes = 0;

  constructor(lineEnd: LineEnd, sinks: readonly BodySink[]) {
    this.scan = { kind: lineEnd, column: 0, found: 0 };
    this.sinks = sinks;
  }

  take(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length; at += bodyBlockBytesMax) {
      const block = chunk.length <= bodyBlockBytesMax ? chunk : chunk.subarray(at, at + bodyBlockBytesMax);
      // The hashes first: while they compute, the block comes into the processor's cache, where the scan then finds it.
      for (const sink of this.sinks) sink.update(block);
      this.scanBlock(block);
    }
  }

  private scanBlock(block: Uint8Array): void {
    const before = this.endsWithCr ? keptCr : nothing;
    this.endsWithCr = this.scan.kind === "crlf" && block[block.length - 1] === 0x0d;
    scanLines(this.scan, before, this.endsWithCr ? block.subarray(0, -1) : block);
    if (this.scan.column > limits.lineBytesMax) {
      this.scan.found |= lineDefects.longLine;
      this.scan.column = limits.lineBytesMax + 1; // so that a line of gigabytes cannot overflow
    }
  }

  end(): BodyRead {
    if (this.endsWithCr) {
      this.scan.found |= lineDefects.bareCr;
      if (this.scan.column >= limits.lineBytesMax) this.scan.found |= lineDefects.longLine;
    }
    for (const sink of this.sinks) sink.end();
    return { bytes: this.bytes, defects: defectsOf(this.scan.found) };
  }
}

const keptCr = Uint8Array.of(0x0d);
const nothing = new Uint8Array(0);

function defectsOf(found: number): ReadonlySet<Defect> {
  if (found === 0) return noDefects;
  const defects = new Set<Defect>();
  if (found & lineDefects.nul) defects.add("nul");
  if (found & lineDefects.bareLf) defects.add("bare-lf");
  if (found & lineDefects.bareCr) defects.add("bare-cr");
  if (found & lineDefects.longLine) defects.add("long-line");
  return defects;
}
const noDefects: ReadonlySet<Defect> = new Set();

keepOne(new Gathered(new BodyReader("crlf", [])));
