/**
 * The floors of the house, as data and one function: which file may import which. The table is docs/architecture.md's.
 * Judged on imports alone, `import type` included; tests may import what they like.
 */
import type { Import, Source } from "./sources.ts";

/** Lowest first. Rooms of one line stand beside each other and do not see each other. */
export const floors: readonly (readonly string[])[] = [
  ["base"],
  ["mail"],
  ["dns"],
  ["evidence"],
  ["verdict"],
  ["stamp"],
  ["memory"],
  ["config"],
  ["gateway", "owner"],
  ["system", "doors"],
  ["main", "index"],
  ["lab", "bench"],
];

/** What the file may not import, one line each; none for a tidy file. */
export function floorFaults(source: Source): readonly string[] {
  if (source.isTest) return [];
  return source.imports
    .filter((each) => each.isFile)
    .map((each) => ({ each, fault: floorFault(source.path, each) }))
    .filter(({ fault }) => fault !== null)
    .map(({ each, fault }) => `${source.path}:${each.line} imports ${each.target}: ${fault}`);
}

/** The room of a path: the folder below src/, the name of a file that stands in src/ itself, or the folder beside src/. */
export function roomOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  if (top !== "src") return top;
  return second.replace(/\.ts$/, "");
}

function floorOf(room: string): number {
  return floors.findIndex((floor) => floor.includes(room));
}

function floorFault(from: string, { target, isType }: Import): string | null {
  if (target.endsWith(".test.ts")) return "a test is nobody's import";
  const here = roomOf(from);
  const there = roomOf(target);
  if (floorOf(here) === -1) return `${here} has no floor: it needs a line in test/architecture/floors.ts and docs/architecture.md`;
  // What measures may use what tests use; nothing else sees anything outside src.
  if (floorOf(there) === -1) return here === "bench" || here === "lab" ? null : `${there}/ is outside the house`;
  if (here === there) return withinRoom(from, target, isType);
  // index.ts is the library: gateway and below, with the resolvers of system/.
  if (here === "index" && (there === "doors" || there === "config")) return "the library loads no door and no configuration";
  if (floorOf(there) < floorOf(here)) return null;
  return floorOf(there) === floorOf(here) ? "same floor" : `${there} is above ${here}`;
}

function withinRoom(from: string, target: string, isType: boolean): string | null {
  const room = roomOf(from);
  if (room === "evidence") return withinEvidence(from, target, isType);
  if (room !== "doors") return null;
  return subroom(from) === subroom(target) || subroom(target) === "" ? null : "doors do not know each other";
}

/** "dkim" of src/evidence/dkim/record.ts; "" of a file in the room itself. */
function subroom(path: string): string {
  const [, , third = "", fourth] = path.split("/");
  return fourth === undefined ? "" : third;
}

// The mechanisms stand beside each other; signature/ is below dkim and arc; infrastructure/ reads the results of all and asks SPF
// once more; evidence.ts, gather.ts and what joins them are on top.
function withinEvidence(from: string, target: string, isType: boolean): string | null {
  const here = subroom(from);
  const there = subroom(target);
  if (here === there) return null;
  if (from === "src/evidence/evidence.ts") return target.endsWith("/result.ts") ? null : "evidence.ts sees results only";
  if (here === "") return null;
  if (there === "") return `${target} is above the mechanisms`;
  if (there === "signature") return here === "dkim" || here === "arc" ? null : "signature/ is there for dkim and arc alone";
  if (here === "infrastructure") {
    if (target === "src/evidence/spf/check-host.ts") return null;
    return target.endsWith("/result.ts") && isType ? null : "infrastructure sees result types, and spf/check-host.ts";
  }
  const seesResult = here === "dmarc" && (there === "spf" || there === "dkim") && target.endsWith("/result.ts");
  if (seesResult) return isType ? null : "dmarc sees the result types of spf and dkim: import type";
  return "mechanisms do not know each other";
}
