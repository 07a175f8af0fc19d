/**
 * The loops that look at every octet of a body: line ends and their defects (RFC 5322 §2.1), LF to CRLF, and the white space
 * of the relaxed canonicalization (RFC 6376 §3.4.4). Sixteen octets a step, as WebAssembly that assembler.ts makes when this
 * file is loaded (why: docs/decisions/0011-octet-loops-in-webassembly.md). They keep nothing between calls and give no copies: a view that is
 * returned holds until the next call of the function that gave it. Blocks larger than the memory are refused: callers cut.
 */
import { assert } from "../base/assert.ts";
import { limits } from "../base/limits.ts";
import {
  add,
  again,
  againIf,
  any,
  assemble,
  both,
  butNot,
  type Code,
  choose,
  complement,
  differing,
  either,
  equal,
  equals,
  type FunctionBody,
  get,
  giveBack,
  greaterThan,
  isBelow,
  isZero,
  leadingZeros,
  lessThan,
  load,
  load16,
  loop,
  lowest,
  mask,
  number,
  set,
  shiftLeft,
  sixteen,
  someSet,
  store,
  store8,
  store16,
  store32,
  subtract,
  times,
  trailingZeros,
  unequal,
  when,
} from "./assembler.ts";
import type { LineEnd } from "./header.ts";

/** Largest block that `scanLines` and `reduceWhiteSpace` take; `lfToCrlf` takes half of it. */
export const blockBytesMax = 128 * 1024;

/** A scan of lines: `column` is the length so far of the line that is not ended; `found` collects the bits of `lineDefects`. */
export type LineScan = { readonly kind: LineEnd; column: number; found: number };
export const lineDefects = { nul: 1, bareLf: 2, bareCr: 4, longLine: 8 } as const;

/** Scans `before` and then `block`. In a CRLF message a CR at the very end counts as bare: keep it back, as `before` of the next block. */
export function scanLines(scan: LineScan, before: Uint8Array, block: Uint8Array): void {
  const end = put(before, block);
  const isCrlf = scan.kind === "crlf";
  // Nearly every block has whole line ends and no long line: one sweep without branches tells.
  const swept = (isCrlf ? sweepCrlf : sweepLf)(inputAt, end, scan.column >> 6);
  if (swept <= lineDefects.nul) {
    scan.found |= swept;
    const lastLf = memory.lastIndexOf(lf, end - 1);
    scan.column = lastLf < inputAt ? scan.column + (end - inputAt) : end - 1 - lastLf;
    return;
  }
  scan.found |= (isCrlf ? scanCrlf : scanLf)(inputAt, end, inputAt - scan.column);
  scan.column = end - (results[0] ?? end);
}

/** Each LF becomes CRLF. */
export function lfToCrlf(block: Uint8Array): Uint8Array {
  assert(2 * block.length <= blockBytesMax, "octets: the block is larger than the memory");
  const end = put(nothing, block);
  return memory.subarray(expandedAt, expand(inputAt, end, expandedAt));
}

/**
 * RFC 6376 §3.4.4 (a) over `before` and then `block`: white space before CRLF goes, any other run of it becomes one space. The
 * whole must not end with white space, nor with CR after white space: what follows decides on those.
 */
export function reduceWhiteSpace(before: Uint8Array, block: Uint8Array): Uint8Array {
  const end = put(before, block);
  return memory.subarray(reducedAt, reduce(inputAt, end, reducedAt));
}

// The memory: one word of results, the input, an output area for each function that has output. The loops read and write whole
// vectors, so they run past the end by up to 63 octets; after the input stand octets that no loop cares for.
const margin = 64;
const inputAt = margin;
const expandedAt = inputAt + blockBytesMax + 2 * margin;
const reducedAt = expandedAt + blockBytesMax + 2 * margin;
const pages = Math.ceil((reducedAt + blockBytesMax + 2 * margin) / 65536);
const ordinary = 0x78;
const guard = new Uint8Array(margin).fill(ordinary);
const nothing = new Uint8Array(0);

function put(before: Uint8Array, block: Uint8Array): number {
  assert(before.length <= margin && block.length <= blockBytesMax, "octets: the block is larger than the memory");
  const end = inputAt + before.length + block.length;
  if (before.length > 0) memory.set(before, inputAt);
  memory.set(block, inputAt + before.length);
  memory.set(guard, end);
  return end;
}

const cr = 0x0d;
const lf = 0x0a;
const crlf = cr | (lf << 8); // as a 16-bit word, little-endian
const tab = 0x09;
const space = 0x20;
const wholeVector = 0xffff;
const octet = (value: number): Code => sixteen([value]);

/**
 * Parameters: from, end, steps of 64 octets since the last LF. Gives 1 for a NUL, and more where the line ends need a closer look: a CR or
 * LF without the other (in an LF message any CR), or so many steps without LF that a line could be long.
 */
function sweepFunction(name: string, kind: LineEnd): FunctionBody {
  const [from, end, steps, long] = [0, 1, 2, 3];
  const [here, isLf, odd, least, ended] = [4, 5, 6, 7, 8];
  const part = (offset: number): Code[] => {
    const isCr = equals(kind === "crlf" ? load(subtract(get(from), number(1)), offset) : get(here), octet(cr));
    return [
      set(here, load(get(from), offset)),
      set(isLf, equals(get(here), octet(lf))),
      set(odd, any(get(odd), kind === "crlf" ? differing(get(isLf), isCr) : isCr)),
      set(least, lowest(get(least), get(here))),
      set(ended, offset === 0 ? get(isLf) : any(get(ended), get(isLf))),
    ];
  };
  const code = [
    set(least, octet(0xff)),
    // A line may have grown long in the blocks before, and end at the very beginning of this one.
    set(long, greaterThan(get(steps), number(stepsMax))),
    loop(
      ...[0, 16, 32, 48].flatMap(part),
      set(steps, times(add(get(steps), number(1)), isZero(someSet(get(ended))))),
      set(long, either(get(long), greaterThan(get(steps), number(stepsMax)))),
      set(from, add(get(from), number(64))),
      againIf(lessThan(get(from), get(end)), 0),
    ),
    either(someSet(equals(get(least), octet(0))), shiftLeft(either(get(long), someSet(get(odd))), number(1))),
  ];
  return { name, parameters: 3, integers: 1, vectors: 5, code: code.flat() };
}

/** A line longer than the limit spans more steps than these without its end. */
const stepsMax = (limits.lineBytesMax >> 6) - 2;

/** Parameters: from, end, where the line started. Gives the bits found; where the last line starts goes to the word of results. */
function scanFunction(name: string, kind: LineEnd): FunctionBody {
  const [from, end, lineStart, bits] = [0, 1, 2, 3];
  const [here, isLf, isCr, afterCr, nul, bareLf, bareCr] = [4, 5, 6, 7, 8, 9, 10];
  const octetsBeforeLf = kind === "crlf" ? 1 : 0;
  const crlfEnds = [
    set(afterCr, equals(load(subtract(get(from), number(1))), octet(cr))),
    set(bareLf, any(get(bareLf), butNot(get(isLf), get(afterCr)))),
    set(bareCr, any(get(bareCr), butNot(get(isCr), equals(load(get(from), 1), octet(lf))))),
    set(isLf, both(get(isLf), get(afterCr))),
  ];
  const lfEnds = [set(bareCr, any(get(bareCr), get(isCr)))];
  const firstLine = subtract(add(get(from), trailingZeros(mask(get(isLf)))), get(lineStart));
  const afterLastLf = subtract(add(get(from), number(32)), leadingZeros(mask(get(isLf))));
  const code = [
    loop(
      set(here, load(get(from))),
      when(
        someSet(isBelow(get(here), octet(cr + 1))),
        set(nul, any(get(nul), equals(get(here), octet(0)))),
        set(isLf, equals(get(here), octet(lf))),
        set(isCr, equals(get(here), octet(cr))),
        ...(kind === "crlf" ? crlfEnds : lfEnds),
        when(
          someSet(get(isLf)),
          // Only the first line that ends in these sixteen octets can be long.
          when(greaterThan(firstLine, number(limits.lineBytesMax + octetsBeforeLf)), set(bits, number(lineDefects.longLine))),
          set(lineStart, afterLastLf),
        ),
      ),
      set(from, add(get(from), number(16))),
      againIf(lessThan(get(from), get(end)), 0),
    ),
    store32(number(0), get(lineStart)),
    either(
      either(get(bits), someSet(get(nul))),
      either(shiftLeft(someSet(get(bareLf)), number(1)), shiftLeft(someSet(get(bareCr)), number(2))),
    ),
  ];
  return { name, parameters: 3, integers: 1, vectors: 7, code: code.flat() };
}

/** Parameters: from, end, to. Gives the end of the output. */
function expandFunction(): FunctionBody {
  const [from, end, to, bits, here] = [0, 1, 2, 3, 4];
  const crlfs = sixteen([cr, lf]);
  const goOn = againIf(lessThan(get(from), get(end)), 1);
  const code = [
    loop(
      set(here, load(get(from))),
      set(bits, mask(equals(get(here), octet(lf)))),
      store(get(to), get(here)),
      when(
        isZero(get(bits)),
        set(from, add(get(from), number(16))),
        set(to, add(get(to), number(16))),
        goOn,
        giveBack(subtract(get(to), subtract(get(from), get(end)))),
      ),
      // Long runs of empty lines: all sixteen at once.
      when(
        equal(get(bits), number(wholeVector)),
        store(get(to), crlfs),
        store(get(to), crlfs, 16),
        set(from, add(get(from), number(16))),
        set(to, add(get(to), number(32))),
        goOn,
        giveBack(get(to)),
      ),
      set(from, add(get(from), trailingZeros(get(bits)))),
      set(to, add(get(to), trailingZeros(get(bits)))),
      store16(get(to), number(crlf)),
      set(from, add(get(from), number(1))),
      set(to, add(get(to), number(2))),
      againIf(lessThan(get(from), get(end)), 0),
    ),
    get(to),
  ];
  return { name: "expand", parameters: 3, integers: 1, vectors: 1, code: code.flat() };
}

/** Parameters: from, end, to. Gives the end of the output. */
function reduceFunction(): FunctionBody {
  const [from, end, to, bits, here, next] = [0, 1, 2, 3, 4, 5];
  const isWhite = (vector: number): Code => any(equals(get(vector), octet(space)), equals(get(vector), octet(tab)));
  const code = [
    loop(
      set(here, load(get(from))),
      set(next, load(get(from), 1)),
      store(get(to), choose(octet(space), get(here), equals(get(here), octet(tab)))),
      // Of interest is white space followed by white space or CR; any other is copied as it is, a tab as a space.
      set(bits, mask(both(isWhite(here), any(isWhite(next), equals(get(next), octet(cr)))))),
      when(
        isZero(get(bits)),
        set(from, add(get(from), number(16))),
        set(to, add(get(to), number(16))),
        againIf(lessThan(get(from), get(end)), 1),
        giveBack(subtract(get(to), subtract(get(from), get(end)))),
      ),
      set(from, add(get(from), trailingZeros(get(bits)))),
      set(to, add(get(to), trailingZeros(get(bits)))),
      // To the end of the run.
      loop(
        set(here, load(get(from))),
        set(bits, mask(isWhite(here))),
        when(equal(get(bits), number(wholeVector)), set(from, add(get(from), number(16))), again(1)),
      ),
      set(from, add(get(from), trailingZeros(complement(get(bits))))),
      when(unequal(load16(get(from)), number(crlf)), store8(get(to), number(space)), set(to, add(get(to), number(1)))),
      againIf(lessThan(get(from), get(end)), 0),
    ),
    get(to),
  ];
  return { name: "reduce", parameters: 3, integers: 1, vectors: 2, code: code.flat() };
}

type Loop = (from: number, end: number, other: number) => number;
const functions = [
  sweepFunction("sweepCrlf", "crlf"),
  sweepFunction("sweepLf", "lf"),
  scanFunction("scanCrlf", "crlf"),
  scanFunction("scanLf", "lf"),
  expandFunction(),
  reduceFunction(),
];
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(functions, pages)));
// What `assemble` exports is known: the memory, and the functions under their names.
const memory = Buffer.from((exports["memory"] as { readonly buffer: ArrayBuffer }).buffer);
const results = new Int32Array(memory.buffer, 0, 1);
const sweepCrlf = exports["sweepCrlf"] as Loop;
const sweepLf = exports["sweepLf"] as Loop;
const scanCrlf = exports["scanCrlf"] as Loop;
const scanLf = exports["scanLf"] as Loop;
const expand = exports["expand"] as Loop;
const reduce = exports["reduce"] as Loop;
// Before the input, too, stands an octet that no loop cares for: the scan looks one back.
memory[inputAt - 1] = ordinary;
