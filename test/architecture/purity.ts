/**
 * What only system/, doors/ and main.ts may touch: sockets, files, other processes, time, timers and randomness. Everything below
 * gets them as arguments, so that a message's verdict depends on its inputs alone. evidence/ and owner/ may hash and verify.
 */
import { roomOf } from "./floors.ts";
import { lineAt, type Source } from "./sources.ts";

const outside = ["system", "doors", "main", "lab", "bench"];
/** Builtin modules that compute and touch nothing. `null`: whole; otherwise the names that may be imported. */
const pureBuiltins: Readonly<Record<string, readonly string[] | null>> = {
  "node:buffer": ["Buffer", "isAscii", "isUtf8"],
  "node:net": ["isIP", "isIPv4", "isIPv6"],
  "node:util": ["inspect", "isDeepStrictEqual"],
};
const cryptoRooms = ["evidence", "owner"];
const cryptoForbidden = /^(random|generateKey|getRandom|webcrypto|subtle|default$|\*)/;

const forbiddenCode: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, "Date.now: the clock is an argument"],
  [/\bnew\s+Date\b(?!\s*\(\s*[^)\s])/g, "new Date(): the clock is an argument"],
  [/(?<!new\s+|[\w$.])Date\s*\(/g, "Date(): the clock is an argument"],
  [/\bMath\s*\.\s*random\b/g, "Math.random: randomness is an argument"],
  [/(?<![\w$.])performance\s*\./g, "performance: the clock is an argument"],
  [/(?<![\w$.])(?:setTimeout|setInterval)\b/g, "timers belong to system/ and doors/"],
  [/\bAbortSignal\s*\.\s*timeout\b/g, "timers belong to system/ and doors/"],
  [/(?<![\w$.])process\s*\./g, "the process belongs to main.ts, system/ and doors/"],
  [/(?<![\w$.])console\s*\./g, "output belongs to doors/"],
  [/(?<![\w$.])fetch\s*\(/g, "sockets belong to system/ and doors/"],
  [/(?<![\w$.])(?:globalThis\s*\.\s*)?crypto\s*\./g, "name what is used: import from node:crypto"],
];

/** One line for each thing below system/ and doors/ that reaches outside. */
export function purityFaults(source: Source): readonly string[] {
  const room = roomOf(source.path);
  if (source.isTest || outside.includes(room)) return [];
  const imports = source.imports
    .filter(({ target }) => target.startsWith("node:"))
    .map(({ target, names, line }) => ({ line, fault: builtinFault(room, target, names) }))
    .filter(({ fault }) => fault !== null);
  const code = forbiddenCode.flatMap(([pattern, fault]) =>
    [...source.code.matchAll(pattern)].map((match) => ({ line: lineAt(source.code, match.index), fault })),
  );
  return [...imports, ...code].map(({ line, fault }) => `${source.path}:${line} ${fault}`);
}

function builtinFault(room: string, target: string, names: readonly string[]): string | null {
  if (target === "node:crypto") {
    if (!cryptoRooms.includes(room)) return `node:crypto belongs to ${cryptoRooms.join(" and ")}`;
    return names.length === 0 || names.some((name) => cryptoForbidden.test(name)) ? "node:crypto: hashing and verifying only" : null;
  }
  const allowed = pureBuiltins[target];
  if (allowed === undefined) return `${target} belongs to system/ and doors/`;
  const foreign = names.filter((name) => allowed !== null && !allowed.includes(name));
  return foreign.length > 0 || names.length === 0 ? `of ${target} only ${allowed?.join(", ")}` : null;
}
