/**
 * A very small WebAssembly assembler: it turns functions written as nested TypeScript calls into a module, at start-up.
 * Only what octets.ts needs is here: i32 arithmetic, byte loads and stores, 16-byte vectors, loops. Binary format: WebAssembly
 * Core Specification 2.0, §5 (the vector instructions are in §5.4.8). Why we have it: docs/decisions/0011-octet-loops-in-webassembly.md.
 * It refuses nothing and checks nothing: the engine validates the module when it is compiled.
 */

/** Instructions as bytes. An expression leaves one value on the stack, a statement none. */
export type Code = readonly number[];

export type FunctionBody = {
  readonly name: string;
  /** i32 parameters; they are the locals 0, 1, … */
  readonly parameters: number;
  /** Further i32 locals, then v128 locals, numbered on. */
  readonly integers: number;
  readonly vectors: number;
  /** Leaves the i32 result. */
  readonly code: Code;
};

/** A module with one memory ("memory", in pages of 64 KB) and the given functions, all exported and returning i32. */
export function assemble(functions: readonly FunctionBody[], pages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [0x60, ...vector(Array.from({ length: f.parameters }, () => [i32])), 1, i32]);
  const exported = functions.map((f, i) => [...text(f.name), 0x00, ...unsigned(i)]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic, version
    ...section(1, types),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(5, [[0x00, ...unsigned(pages)]]),
    ...section(7, [[...text("memory"), 0x02, 0], ...exported]),
    ...section(10, functions.map(body)),
  ]);
}

const i32 = 0x7f;
const v128 = 0x7b;

function body(f: FunctionBody): Code {
  const locals = vector([
    [...unsigned(f.integers), i32],
    [...unsigned(f.vectors), v128],
  ]);
  const code = [...locals, ...f.code, 0x0b];
  return [...unsigned(code.length), ...code];
}

function section(id: number, items: readonly Code[]): Code {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(name: string): Code {
  const bytes = [...name].map((letter) => letter.charCodeAt(0));
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128, unsigned. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128, signed. */
function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

// Locals and control flow. Blocks have no results; `depth` counts enclosing blocks from the innermost, 0.
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const loop = (...code: readonly Code[]): Code => [0x03, 0x40, ...code.flat(), 0x0b];
export const when = (condition: Code, ...code: readonly Code[]): Code => [...condition, 0x04, 0x40, ...code.flat(), 0x0b];
export const again = (depth: number): Code => [0x0c, ...unsigned(depth)];
export const againIf = (condition: Code, depth: number): Code => [...condition, 0x0d, ...unsigned(depth)];
export const giveBack = (value: Code): Code => [...value, 0x0f];

// i32.
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode];
export const number = (value: number): Code => [0x41, ...signed(value)];
export const equal = binary(0x46);
export const unequal = binary(0x47);
export const lessThan = binary(0x48);
export const greaterThan = binary(0x4a);
export const add = binary(0x6a);
export const subtract = binary(0x6b);
export const times = binary(0x6c);
export const either = binary(0x72);
export const shiftLeft = binary(0x74);
export const isZero = (a: Code): Code => [...a, 0x45];
export const complement = (a: Code): Code => [...a, ...number(-1), 0x73];
export const leadingZeros = (a: Code): Code => [...a, 0x67];
export const trailingZeros = (a: Code): Code => [...a, 0x68];
export const load16 = (at: Code): Code => [...at, 0x2f, 0, 0];
export const store8 = (at: Code, value: Code): Code => [...at, ...value, 0x3a, 0, 0];
export const store16 = (at: Code, value: Code): Code => [...at, ...value, 0x3b, 0, 0];
export const store32 = (at: Code, value: Code): Code => [...at, ...value, 0x36, 0, 0];

// v128: sixteen octets. A comparison gives 0xff or 0 in each; `mask` gathers them into sixteen bits, the first octet lowest.
const vectorBinary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, 0xfd, ...unsigned(opcode)];
export const load = (at: Code, offset = 0): Code => [...at, 0xfd, 0x00, 0, ...unsigned(offset)];
export const store = (at: Code, value: Code, offset = 0): Code => [...at, ...value, 0xfd, 0x0b, 0, ...unsigned(offset)];
export const sixteen = (octets: readonly number[]): Code => [
  ...[0xfd, 0x0c],
  ...Array.from({ length: 16 }, (_, i) => octets[i % octets.length] ?? 0),
];
export const equals = vectorBinary(0x23);
export const isBelow = vectorBinary(0x26); // unsigned
export const lowest = vectorBinary(0x77); // unsigned
export const both = vectorBinary(0x4e);
export const butNot = vectorBinary(0x4f);
export const any = vectorBinary(0x50);
export const differing = vectorBinary(0x51);
export const choose = (a: Code, b: Code, whereA: Code): Code => [...a, ...b, ...whereA, 0xfd, 0x52];
export const someSet = (a: Code): Code => [...a, 0xfd, 0x53];
export const mask = (a: Code): Code => [...a, 0xfd, ...unsigned(0x64)];
