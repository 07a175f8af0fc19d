/**
 * Body canonicalization, simple and relaxed (RFC 6376 §3.4.3, §3.4.4), as a stream: whatever the blocks are, the same octets come
 * out. Line ends are CRLF here (an LF message is converted before); a bare CR or LF is an octet like any other.
 * It holds back what the next octets decide on: white space, a CR, and empty lines, the latter as a number. It never holds text.
 */
import { keepOne } from "../../base/keep-one.ts";
import type { BodySink } from "../../mail/body.ts";
import { reduceWhiteSpace } from "../../mail/octets.ts";

export type Canonicalization = "simple" | "relaxed";

/** Takes canonical octets; they hold until it returns. */
export type Output = (octets: Uint8Array) => void;

/** The canonical form of what the sink is given goes to `output`. */
export function canonicalBody(canonicalization: Canonicalization, output: Output): BodySink {
  return canonicalization === "simple" ? new SimpleBody(output, "one-line") : new RelaxedBody(output);
}

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;

/** What is left of a body without a single octet that is not an empty line: RFC 6376 §3.4.3 says one line, §3.4.4 nothing. */
type EmptyBody = "one-line" | "nothing";

/** Empty lines at the end go; one CRLF ends the body. */
class SimpleBody implements BodySink {
  private readonly output: Output;
  private readonly whenEmpty: EmptyBody;
  private emptyLines = 0;
  private endsWithCr = false;
  private isEmpty = true;

  constructor(output: Output, whenEmpty: EmptyBody) {
    this.output = output;
    this.whenEmpty = whenEmpty;
  }

  update(block: Uint8Array): void {
    if (block.length === 0) return;
    let start = 0;
    if (this.endsWithCr) {
      if (block[0] === lf) {
        this.emptyLines += 1;
        start = 1;
      } else {
        this.write(loneCr);
      }
      this.endsWithCr = false;
    }
    let end = block.length;
    if (end > start && block[end - 1] === cr) {
      this.endsWithCr = true;
      end -= 1;
    }
    const textEnd = beforeEmptyLines(block, start, end);
    if (textEnd > start) this.write(block.length === textEnd && start === 0 ? block : block.subarray(start, textEnd));
    this.emptyLines += (end - textEnd) / 2;
  }

  end(): void {
    if (this.endsWithCr) this.write(loneCr);
    // RFC 6376 §3.4.3: "*CRLF" at the end of the body becomes a single CRLF. §3.4.4: so does it unless nothing is left.
    if (!this.isEmpty || this.whenEmpty === "one-line") this.output(emptyLines.subarray(0, 2));
  }

  /** Octets that are not empty lines at the end: the lines before them count after all. */
  private write(octets: Uint8Array): void {
    while (this.emptyLines > 0) {
      const lines = Math.min(this.emptyLines, emptyLinesMax);
      this.output(emptyLines.subarray(0, 2 * lines));
      this.emptyLines -= lines;
    }
    this.isEmpty = false;
    this.output(octets);
  }
}

const loneCr = Uint8Array.of(cr);
const emptyLinesMax = 32 * 1024;
const emptyLines = Buffer.alloc(2 * emptyLinesMax, "\r\n");
const strides = [16 * 1024, 1024] as const;

/** Where the run of CRLFs at the end of the block begins. Whole strides of them are compared at once. */
function beforeEmptyLines(block: Uint8Array, start: number, end: number): number {
  let at = end;
  for (const stride of strides) {
    while (at - stride >= start && block[at - stride] === cr && isEmptyLines(block, at - stride, stride)) at -= stride;
  }
  while (at - 2 >= start && block[at - 1] === lf && block[at - 2] === cr) at -= 2;
  return at;
}

function isEmptyLines(block: Uint8Array, at: number, stride: number): boolean {
  return emptyLines.compare(block, at, at + stride, 0, stride) === 0;
}

/** White space is reduced first; what that leaves goes the simple way. */
class RelaxedBody implements BodySink {
  private readonly next: SimpleBody;
  /** What the last block ended with and the next one decides on: nothing, a space (for any white space), or that and a CR. */
  private kept: Uint8Array = nothing;

  constructor(output: Output) {
    this.next = new SimpleBody(output, "nothing");
  }

  update(block: Uint8Array): void {
    // Without white space, relaxed is simple: the block passes as it is (base64 does).
    if (this.kept === nothing && block.indexOf(space) === -1 && block.indexOf(tab) === -1) {
      this.next.update(block);
      return;
    }
    const before = this.kept;
    const end = block.length > 0 && block[block.length - 1] === cr ? block.length - 1 : block.length;
    let textEnd = end;
    while (textEnd > 0 && isWhite(block[textEnd - 1])) textEnd -= 1;
    if (textEnd === 0 && before !== nothing) {
      this.extend(block, end);
      return;
    }
    if (textEnd === end) {
      // A CR with no white space before it decides nothing here: the simple step knows what to do with it.
      this.kept = nothing;
      this.next.update(reduceWhiteSpace(before, block));
      return;
    }
    this.kept = end === block.length ? keptSpace : keptSpaceCr;
    this.next.update(reduceWhiteSpace(before, block.subarray(0, textEnd)));
  }

  /** The block is white space, or that and a CR, and comes after some that was kept. */
  private extend(block: Uint8Array, end: number): void {
    if (this.kept === keptSpaceCr && block.length > 0) {
      // The CR kept is followed by no LF: it is text, and so ends the white space before it.
      this.next.update(keptSpaceCr);
      this.kept = nothing;
      this.update(block);
    } else if (end < block.length) {
      this.kept = keptSpaceCr;
    }
  }

  end(): void {
    // RFC 6376 §3.4.4 (a): white space at the end of a line goes, also of a line that nothing ends.
    if (this.kept === keptSpaceCr) this.next.update(keptSpaceCr);
    this.next.end();
  }
}

const nothing = new Uint8Array(0);
const keptSpace = Uint8Array.of(space);
const keptSpaceCr = Uint8Array.of(space, cr);

function isWhite(octet: number | undefined): boolean {
  return octet === space || octet === tab;
}

keepOne(new RelaxedBody(() => {}));
