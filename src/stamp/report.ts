/**
 * X-Assay-Report: who connected, what was decided and what was done, on one field that other programs can read without a parser of
 * Authentication-Results (the idea is that of reference: eop.md §3; grammar in docs/stamp.md). Fields are `KEY:value;`. Values are
 * percent-encoded, so that nothing from outside can end a value or the field; what is too long is cut. The writer and the reader
 * here are each other's inverse. Not a proof by itself: forged copies are removed on arrival, and only the topmost is ours.
 */
import { limits } from "../base/limits.ts";
import { decodeUtf8 } from "../mail/utf8-text.ts";
import type { CompauthResult, Standing } from "../verdict/verdict.ts";
import { folded } from "./fold.ts";
import type { Inspection } from "./inspection.ts";

export const reportName = "X-Assay-Report";

type ActionKind = Inspection["action"]["kind"];

/** Empty text is null; unknown is null. */
export type Report = {
  /** Client address. */
  readonly client: string | null;
  readonly helo: string | null;
  /** First confirmed name of the client. */
  readonly ptr: string | null;
  readonly direction: Inspection["transaction"]["direction"];
  /** Microsoft's words: SKA and SKB by an entry of the operator, SPM treated as unwanted, NSPM neither. */
  readonly filter: "SKA" | "SKB" | "SPM" | "NSPM";
  /** SPOOF: treated as unwanted because the sender is not who it claims to be. */
  readonly category: "SPOOF" | "NONE";
  readonly compauth: CompauthResult;
  readonly reason: string;
  readonly standing: Standing;
  readonly suspicion: readonly string[];
  /** Nobody vouches for the author: a mail client shows `?`. */
  readonly unverified: boolean;
  /** The domain that sent, where it is not the author's: a mail client shows `via`. */
  readonly via: string | null;
  /** What was done. */
  readonly action: ActionKind;
  readonly mode: "observe" | "enforce";
  /** What would have been done instead, had it not been withheld (mode observe); null where it is the same. */
  readonly withheld: ActionKind | null;
  readonly policyVersion: string | null;
  /** How many fields that spoke in our name were taken out. */
  readonly removed: number;
  /** The inspection's id, to look it up by; null for a message that came through no listener, whose inspection nobody keeps. */
  readonly id: string | null;
};

export type Reported = Pick<
  Inspection,
  "id" | "transaction" | "verdict" | "standing" | "suspicion" | "marks" | "action" | "policyVersion" | "removals"
>;

export function reportOf({ id, transaction, verdict, standing, suspicion, marks, action, policyVersion, removals }: Reported): Report {
  const unwanted = action.kind === "junk" || action.kind === "quarantine" || action.kind === "reject";
  const unproven = verdict.compauth === "fail" || verdict.compauth === "softpass";
  return {
    client: transaction.ip,
    helo: transaction.helo === "" ? null : transaction.helo,
    ptr: transaction.ptr,
    direction: transaction.direction,
    filter: standing === "allowed" ? "SKA" : standing === "blocked" ? "SKB" : unwanted ? "SPM" : "NSPM",
    category: unwanted && unproven ? "SPOOF" : "NONE",
    compauth: verdict.compauth,
    reason: verdict.reason,
    standing,
    suspicion: suspicion.filter((word) => word !== ""),
    unverified: marks.unverified,
    via: marks.via,
    action: action.withheld ? "deliver" : action.kind,
    mode: action.withheld ? "observe" : "enforce",
    withheld: action.withheld && action.kind !== "deliver" ? action.kind : null,
    policyVersion: policyVersion === "" ? null : policyVersion,
    removed: removals.length,
    id: transaction.listener === null ? null : id,
  };
}

/** The complete field, folded between its parts. */
export function reportField(report: Report): string {
  const parts = [
    `CIP:${encoded(report.client)};`,
    `H:${encoded(report.helo)};`,
    `PTR:${encoded(report.ptr)};`,
    report.direction === "inbound" ? "DIR:INB;" : "DIR:OUT;",
    `SFV:${report.filter};`,
    `CAT:${report.category};`,
    `COMPAUTH:${report.compauth};`,
    `REASON:${encoded(report.reason)};`,
    `STANDING:${report.standing};`,
    `SUSPICION:${report.suspicion.slice(0, limits.reportSuspicionsMax).map(encodedWord).join(",")};`,
    ...marksOf(report),
    `ACTION:${report.action};`,
    `MODE:${report.mode};`,
    `WITHHELD:${report.withheld ?? ""};`,
    `POLICY:${encoded(report.policyVersion)};`,
    `REMOVED:${report.removed};`,
    `ID:${encoded(report.id)};`,
    `V:${version};`,
  ];
  return folded(reportName, parts, "");
}

/** Left out where there is nothing to show. */
function marksOf({ unverified, via }: Report): readonly string[] {
  if (!unverified && via === null) return noMarks;
  return [...(unverified ? ["MARK:UNVERIFIED;"] : []), ...(via === null ? [] : [`VIA:${encoded(via)};`])];
}

const noMarks: readonly string[] = [];
const version = "1";

/** Reads the field, or its value, folded or not; null where it is not one that this version writes. Keys of later versions are passed over. */
export function parseReport(text: string): Report | null {
  if (text.length > limits.reportFieldBytesMax) return null;
  const value = text.replace(/^x-assay-report[ \t]*:/i, "").replace(/[ \t\r\n]+/g, "");
  const parts = new Map<string, string>();
  for (const part of value.split(";")) {
    if (part === "") continue;
    const read = partGrammar.exec(part);
    if (read === null || read[1] === undefined || read[2] === undefined || parts.has(read[1])) return null;
    parts.set(read[1], read[2]);
  }
  return parts.get("V") === version ? reportFrom(parts) : null;
}

const partGrammar = /^([A-Z]{1,16}):([A-Za-z0-9._:/+@[\]%,-]*)$/;

function reportFrom(parts: ReadonlyMap<string, string>): Report | null {
  const word = <const W extends string>(key: string, words: readonly W[]): W | null => words.find((one) => one === parts.get(key)) ?? null;
  const read = (key: string): string | null | undefined => decoded(parts.get(key));
  const direction = word("DIR", ["INB", "OUT"]);
  const filter = word("SFV", ["SKA", "SKB", "SPM", "NSPM"]);
  const category = word("CAT", ["SPOOF", "NONE"]);
  const compauth = word("COMPAUTH", ["pass", "softpass", "fail", "none"]);
  const standing = word("STANDING", ["allowed", "good", "unknown", "suspicious", "blocked"]);
  const action = word("ACTION", actionKinds);
  const mode = word("MODE", ["observe", "enforce"]);
  const withheld = parts.get("WITHHELD") === "" ? "" : word("WITHHELD", actionKinds);
  const removed = /^[0-9]{1,6}$/.test(parts.get("REMOVED") ?? "") ? Number(parts.get("REMOVED")) : null;
  const [client, helo, ptr, via, reason, policyVersion, id] = ["CIP", "H", "PTR", "VIA", "REASON", "POLICY", "ID"].map(read);
  const unverified = parts.get("MARK") === "UNVERIFIED";
  const suspicion = decodedList(parts.get("SUSPICION"));
  if (direction === null || filter === null || category === null || compauth === null || standing === null) return null;
  if (action === null || mode === null || withheld === null || removed === null || suspicion === null) return null;
  if (parts.has("MARK") && !unverified) return null;
  if (parts.has("VIA") && typeof via !== "string") return null;
  if (client === undefined || helo === undefined || ptr === undefined || policyVersion === undefined || id === undefined) return null;
  if (typeof reason !== "string") return null;
  return {
    client,
    helo,
    ptr,
    direction: direction === "INB" ? "inbound" : "outbound",
    filter,
    category,
    compauth,
    reason,
    standing,
    suspicion,
    unverified,
    via: via ?? null,
    action,
    mode,
    withheld: withheld === "" ? null : withheld,
    policyVersion,
    removed,
    id,
  };
}

const actionKinds = ["deliver", "junk", "quarantine", "reject", "tempfail"] as const satisfies readonly ActionKind[];

/** Percent-encoded UTF-8 of what is not plain; cut after the last whole character that fits. */
function encoded(text: string | null): string {
  return text === null ? "" : encodedUpTo(text, limits.reportValueBytesMax);
}

function encodedWord(text: string): string {
  return encodedUpTo(text, limits.reportWordBytesMax);
}

function encodedUpTo(text: string, bytesMax: number): string {
  if (text.length <= bytesMax && plain.test(text)) return text;
  let out = "";
  for (const character of text) {
    const piece = plain.test(character) ? character : percent(character);
    if (out.length + piece.length > bytesMax) break;
    out += piece;
  }
  return out;
}

const plain = /^[A-Za-z0-9._:/+@[\]-]*$/;

function percent(character: string): string {
  let out = "";
  for (const byte of Buffer.from(character, "utf8")) out += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return out;
}

/** Null for an empty value; undefined where it is missing or breaks the encoding. */
function decoded(text: string | undefined): string | null | undefined {
  if (text === undefined || text.includes(",") || /%(?![0-9A-F]{2})/.test(text)) return undefined;
  if (text === "") return null;
  if (!text.includes("%")) return text;
  const octets = text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const { text: read, valid } = decodeUtf8(octets);
  return valid ? read : undefined;
}

function decodedList(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  if (text === "") return [];
  const words: string[] = [];
  for (const part of text.split(",")) {
    const word = decoded(part);
    if (typeof word !== "string") return null;
    words.push(word);
  }
  return words;
}
