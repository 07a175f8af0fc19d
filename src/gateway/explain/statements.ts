/**
 * What the fields of a header state about authentication, and how far each statement can be believed by its place: results in every
 * dress (RFC 8601, RFC 8617 §4.1.1, Microsoft's layouts, Google's, Yahoo's, copies kept under other names) and Received-SPF
 * (RFC 7208 §9.1). It believes nothing by its words alone.
 */
import { limits } from "../../base/limits.ts";
import { type MethodResult, parseArcAuthenticationResults, parseAuthenticationResults } from "../../mail/authentication-results.ts";
import type { Hop, Way } from "./hops.ts";
import { reportField, reportResults } from "./own-report.ts";
import { organizationOf, type Provider, providerOf } from "./provider.ts";
import type { HeaderField } from "./read-headers.ts";
import { readReceivedSpf } from "./received-spf.ts";

/**
 * How far the place of a field vouches for it. `receiver`: above the border, so the receiving organization wrote it, or let it pass.
 * `beneath`: directly beneath the border, in the receiver's name: its servers write there, and a sender could too. `nameless`: no
 * Received field shows who wrote it, or it names a stranger above all of them. `sealed`: of an ARC chain that the receiver found
 * sound. `claim`: below the border, or a copy kept from elsewhere.
 */
export type Trust = "receiver" | "beneath" | "nameless" | "sealed" | "claim";

export type Statement = {
  readonly field: string;
  readonly place: number;
  /** `current`: an Authentication-Results field; `kept`: a copy of one, under another name; `arc`: of a set; `spf`: Received-SPF; `report`: Assay's own. */
  readonly kind: "current" | "kept" | "arc" | "spf" | "report";
  /** Who signs it: its authserv-id, or the server it names; null in Microsoft's form. */
  readonly by: string | null;
  readonly provider: Provider | null;
  readonly instance: number | null;
  readonly results: readonly MethodResult[];
  /** Clauses that could not be read: redacted, cut off, or no grammar's. */
  readonly unreadable: number;
  readonly trust: Trust;
  /** The hop in whose name it stands; null without hops. */
  readonly hop: Hop | null;
};

/** Every statement, top to bottom. */
export function statementsOf(fields: readonly HeaderField[], way: Way): readonly Statement[] {
  const read = fields.flatMap((field) => readStatement(field) ?? []).slice(0, limits.explainStatementsMax);
  const placed = read.map((statement): Statement => {
    const trust = trustOf(statement, { way, fields, read });
    const hop = hopOf(statement, way, trust);
    // Assay and Exchange on premises write Microsoft's form too: on a server of another name it is not Microsoft 365 that speaks.
    const isTheirs = isMicrosoftShape(statement) && (hop === null ? !hasReport(read) : hop.organization === microsoft.id);
    return { ...statement, hop, trust, provider: providerOf(statement.by) ?? (isTheirs ? microsoft : null) };
  });
  const sound = placed.some((one) => one.kind !== "arc" && isBelievable(one) && one.results.some(isArcPass));
  return placed.map((one) => (one.kind === "arc" && one.trust === "claim" && sound ? { ...one, trust: "sealed" } : one));
}

function isArcPass({ method, result }: MethodResult): boolean {
  return method === "arc" && result === "pass";
}

function hasReport(read: readonly Unplaced[]): boolean {
  return read.some(({ kind }) => kind === "report");
}

export function isBelievable({ trust }: Statement): boolean {
  return trust === "receiver" || trust === "nameless" || trust === "beneath";
}

const microsoft: Provider = { id: "microsoft", name: "Microsoft 365" };

/** Results without an authserv-id are Microsoft's alone. */
function isMicrosoftShape({ kind, by, results }: Unplaced): boolean {
  return kind !== "spf" && kind !== "report" && by === null && results.length > 0;
}

type Unplaced = Omit<Statement, "trust" | "hop" | "provider">;

function readStatement(field: HeaderField): Unplaced | null {
  const { name, place, written, value } = field;
  if (name === "received-spf") {
    const spf = readReceivedSpf(value);
    return {
      field: written,
      place,
      kind: "spf",
      by: spf.receiver,
      instance: null,
      results: spf.results,
      unreadable: spf.results.length === 0 ? 1 : 0,
    };
  }
  if (name === reportField) {
    const results = reportResults(value);
    return { field: written, place, kind: "report", by: null, instance: null, results, unreadable: results.length === 0 ? 1 : 0 };
  }
  if (name === "arc-authentication-results") {
    const arc = parseArcAuthenticationResults(value);
    if (arc !== null) {
      const { instance, results } = arc;
      return { field: written, place, kind: "arc", by: results.authservId, instance, results: results.results, unreadable: 0 };
    }
    const instance = /^\s*i\s*=\s*(\d{1,2})\s*;/.exec(value);
    return { field: written, place, kind: "arc", instance: instance === null ? null : Number(instance[1]), ...inPieces(value) };
  }
  if (!name.includes("authentication-results")) return null;
  const kind = name === "authentication-results" ? "current" : "kept";
  const parsed = parseAuthenticationResults(value);
  if (parsed === null) return { field: written, place, kind, instance: null, ...inPieces(value) };
  return { field: written, place, kind, by: parsed.authservId, instance: null, results: parsed.results, unreadable: 0 };
}

/** A field that is redacted or cut off: clause by clause, what can be read. */
function inPieces(value: string): { by: string | null; results: readonly MethodResult[]; unreadable: number } {
  const results: MethodResult[] = [];
  let by: string | null = null;
  let unreadable = 0;
  for (const [i, clause] of clauses(value.slice(0, limits.authenticationResultsBytesMax)).entries()) {
    const parsed = parseAuthenticationResults(`x; ${clause.slice(0, 4096)}`) ?? parseAuthenticationResults(`x; ${clause.slice(0, 4096)})`);
    const [first] = parsed?.results ?? [];
    const [host] = /^[A-Za-z0-9._-]{1,253}/.exec(clause) ?? [];
    if (first !== undefined) results.push(first);
    else if (i <= 1 && by === null && results.length === 0 && host?.includes(".")) by = host;
    else if (!/^(?:i=\d{1,2}|none|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)$/.test(clause)) unreadable += 1;
  }
  return { by, results, unreadable };
}

/** The text between semicolons that stand outside comments. */
function clauses(value: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= value.length && found.length < limits.explainStatementsMax; at += 1) {
    const character = value[at];
    if (character === "(") depth += 1;
    else if (character === ")") depth = Math.max(0, depth - 1);
    if (character !== undefined && (character !== ";" || depth > 0)) continue;
    const clause = value.slice(start, at).trim();
    if (clause !== "") found.push(clause);
    start = at + 1;
  }
  return found;
}

type Surroundings = { readonly way: Way; readonly fields: readonly HeaderField[]; readonly read: readonly Unplaced[] };

function trustOf(statement: Unplaced, { way, fields, read }: Surroundings): Trust {
  const { edge, receivers, hops } = way;
  // A copy says what some server found at some time; its place says nothing, since Exchange moves such fields about.
  if (statement.kind === "kept") return "claim";
  if (edge === null) return statement.kind === "arc" ? "claim" : "nameless";
  const organization = organizationOf(statement.by);
  if (statement.place < edge.place) {
    const top = hops[0];
    const strange = organization !== null && !receivers.has(organization) && top !== undefined && statement.place < top.place;
    return strange ? (statement.kind === "arc" ? "claim" : "nameless") : "receiver";
  }
  if (statement.kind === "arc" || !isOfReceiver(statement, { way, read, fields })) return "claim";
  const rivals = read.filter((one) => one.kind === statement.kind && organizationOf(one.by) === organization);
  const isPlaced = way.origin === "own" || isDirectlyBeneath(statement.place, edge.place, fields);
  if (rivals[0] !== statement || !isPlaced) return "claim";
  // Google's servers write there, and always: the topmost is theirs.
  return organization === "google" ? "receiver" : "beneath";
}

/**
 * In the receiver's name. Without a name it is what Assay writes; Microsoft's servers write above the border, save in mail that begins
 * with them.
 */
function isOfReceiver({ kind, by }: Unplaced, { way, read }: Surroundings): boolean {
  const organization = organizationOf(by);
  if (organization !== null) return way.receivers.has(organization);
  if (by !== null || kind === "report") return kind === "report";
  return kind === "current" && (way.receivers.has(microsoft.id) ? way.origin === "own" : hasReport(read));
}

/** Nothing but trace fields of receiving servers stands between the border and the field. */
function isDirectlyBeneath(place: number, edge: number, fields: readonly HeaderField[]): boolean {
  return fields.every((field) => field.place <= edge || field.place >= place || trace.has(field.name));
}
const trace: ReadonlySet<string> = new Set([
  "received-spf",
  "authentication-results",
  "return-path",
  "delivered-to",
  "x-originating-ip",
  reportField,
]);

/** Servers write above their own Received field; Google, and filters behind the server, beneath it. A copy has no hop. */
function hopOf({ kind, place }: Unplaced, { hops, edge }: Way, trust: Trust): Hop | null {
  if (kind === "kept") return null;
  if (edge !== null && place > edge.place && (trust === "receiver" || trust === "beneath")) return edge;
  return hops.find((hop) => hop.place > place) ?? null;
}
