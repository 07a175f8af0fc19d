/** What a finished inspection leaves for the journal: the facts it was decided from, no body, no header, the subject only if it is given. */
import type { Answer } from "../../dns/answer.ts";
import type { Question } from "../../dns/budget.ts";
import type { Decision, Gathering, RecordedAnswer, RecordedOverrides, RecordedQuestion } from "../../memory/journal.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import type { Filter } from "../../verdict/overrides/filters.ts";
import { isInOneOf } from "../../verdict/overrides/network-text.ts";
import type { JudgePolicy } from "../judge.ts";

export type Recording = {
  readonly tenant: string;
  /** Null unless journal.subject is set. */
  readonly subject: string | null;
  /** What `judge` was given as `overrides`, and what was asked about null MX. */
  readonly matched: RecordedOverrides | null;
  /** As InspectDeps.onQuestion gives them. */
  readonly questions: readonly Pick<Question, "name" | "type" | "answer">[];
  /** The policy that was in force. */
  readonly policy: JudgePolicy;
};

export function decisionOf(
  inspection: Inspection | Decision["inspection"],
  { tenant, subject, matched, questions, policy }: Recording,
): Decision {
  const gathered = gatheringOf(inspection, policy);
  return {
    tenant,
    inspection: withoutHeaders(inspection),
    subject,
    matched,
    ...(Object.keys(gathered).length === 0 ? {} : { gathered }),
    questions: recordedQuestions(questions),
  };
}

function withoutHeaders(inspection: Inspection | Decision["inspection"]): Decision["inspection"] {
  if (!("headers" in inspection)) return inspection;
  const { headers: _, ...decided } = inspection;
  return decided;
}

/** Only what is not as `Policy = {}` says. */
export function gatheringOf({ transaction }: Pick<Inspection, "transaction">, policy: JudgePolicy): Gathering {
  const { dmarcMode, fromProfile, localSuffixes = [], contactDomains = [], filters = [] } = policy;
  const read = filtersReading(transaction, filters).map(filterMark);
  return {
    ...(dmarcMode === undefined || dmarcMode === "rfc9989" ? {} : { dmarcMode }),
    ...(fromProfile === undefined || fromProfile === "eop" ? {} : { fromProfile }),
    ...(localSuffixes.length === 0 ? {} : { localSuffixes }),
    ...(contactDomains.length === 0 ? {} : { contactDomains }),
    ...(read.length === 0 ? {} : { filtersRead: read }),
  };
}

/** The filters that handed this message over: theirs alone are believed (overrides/filters.ts). */
export function filtersReading({ ip, trustedHop }: Inspection["transaction"], filters: readonly Filter[]): readonly Filter[] {
  return filters.filter(({ networks }) => isInOneOf(ip, networks) || isInOneOf(trustedHop, networks));
}

/** Tells one definition of a filter from another: its name, and a checksum of which field it reads and how. */
export function filterMark({ name, header, words }: Filter): string {
  return `${name} ${checksum(JSON.stringify([header, Object.entries(words).toSorted(([a], [b]) => (a < b ? -1 : 1))]))}`;
}

/** FNV-1a, 32 bits: tells edits apart, and keeps no secret. */
function checksum(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(36);
}

/** Each question once; an answer that came before one that was withheld. */
function recordedQuestions(questions: Recording["questions"]): readonly RecordedQuestion[] {
  const byKey = new Map<string, RecordedQuestion>();
  for (const { name, type, answer } of questions) {
    const key = `${type} ${name}`;
    const known = byKey.get(key);
    if (known === undefined || isWithheld(known.answer)) byKey.set(key, { name, type, answer: recordedAnswer(answer) });
  }
  return [...byKey.values()];
}

function isWithheld(answer: RecordedAnswer): boolean {
  return answer.status !== "found" && answer.withheld !== undefined;
}

function recordedAnswer(answer: Answer): RecordedAnswer {
  if (answer.status !== "found") {
    const { status, withheld } = answer;
    return withheld === undefined ? { status } : { status, withheld };
  }
  return { status: "found", records: answer.records.map((record) => (record instanceof Uint8Array ? latin1(record) : record)) };
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1");
}
