/**
 * What a finished inspection leaves in the store (house rule 12: written once, last): what it teaches, the pair it showed, the entries that
 * it kept in force, and its record in the journal. Mail of our own teaches whom we write to, and is never judged.
 */
import type { Question } from "../dns/budget.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../mail/header.ts";
import type { Inspection } from "../stamp/inspection.ts";
import { lessonOf } from "../verdict/lesson.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import type { ListEntry } from "../verdict/overrides/list-entry.ts";
import type { OverrideFacts } from "./judge.ts";
import { dayOf, type Store } from "./recall.ts";
import { decisionOf } from "./replay/decision-of.ts";
import { sightingOf } from "./sighting.ts";

/** A record of one message in the making: it collects the questions as they are answered. */
export type OpenJournal = {
  readonly subject: boolean;
  readonly questions: readonly Question[];
  readonly onQuestion: (question: Question) => void;
};

type Journalling = {
  readonly memory?: unknown;
  readonly journal?: "without-subject" | "with-subject" | undefined;
  readonly onQuestion?: ((question: Question) => void) | undefined;
};

/** Null where no record is kept. */
export function openJournal({ memory, journal, onQuestion }: Journalling): OpenJournal | null {
  if (memory === undefined || journal === undefined) return null;
  const questions: Question[] = [];
  return {
    subject: journal === "with-subject",
    questions,
    onQuestion: (question) => {
      questions.push(question);
      onQuestion?.(question);
    },
  };
}

/** What was known of the message besides its inspection. */
export type Behind = {
  readonly overrides: OverrideFacts | null;
  readonly nullMx: SenderNullMx | null;
  readonly header: Header;
  readonly journal: OpenJournal | null;
};

export function remember(inspection: Inspection, store: Store, behind: Behind): void {
  const { memory, tenant, policy, now } = store;
  const day = dayOf(now);
  const { transaction } = inspection;
  if (transaction.direction === "outbound") {
    const { mailFrom, messageId, rcptTo } = transaction;
    const sender = inspection.from.address ?? mailFrom ?? "";
    // What we refuse nobody receives, and nobody answers; and its From may be somebody else's.
    if (!isRefused(inspection)) memory.recordSent({ tenant, day, sender, messageId, recipients: rcptTo });
  } else {
    const lesson = lessonOf({ ...inspection, policy }, tenant, day);
    if (lesson !== null) memory.record(lesson);
    const sighting = sightingOf(inspection, { tenant, day, policy });
    if (sighting !== null) memory.recordSighting(sighting);
    const entries = matchedEntries(inspection, behind.overrides?.lists ?? none);
    if (entries.length > 0) memory.recordMatched({ tenant, day, entries });
  }
  if (behind.journal !== null) memory.recordDecision(decisionFor(inspection, store, { ...behind, journal: behind.journal }));
}

function isRefused({ action: { kind, withheld } }: Inspection): boolean {
  return !withheld && (kind === "reject" || kind === "tempfail");
}

function decisionFor(
  inspection: Inspection,
  { tenant, policy }: Store,
  { overrides, nullMx, header, journal }: Behind & { readonly journal: OpenJournal },
): ReturnType<typeof decisionOf> {
  const [field] = journal.subject ? fieldsNamed(header, "subject") : [];
  return decisionOf(inspection, {
    tenant,
    policy,
    subject: field === undefined ? null : unfoldedValue(header, field),
    matched: overrides === null && nullMx === null ? null : { ...(overrides ?? nothing), nullMx },
    questions: journal.questions,
  });
}

const none: readonly never[] = [];
const nothing: OverrideFacts = { lists: none, filters: none, answers: {} };

/** Entries of the store that matched, whether or not they changed anything; those of the configuration are nobody's to keep. */
function matchedEntries({ history, overrides }: Inspection, lists: readonly ListEntry[]): readonly string[] {
  const pairs = history?.entries?.map(({ id }) => id) ?? [];
  if (lists.length === 0) return pairs;
  const stored = new Set(lists.map(({ id }) => id));
  return [...pairs, ...new Set(overrides.map(({ entry }) => entry).filter((entry) => stored.has(entry)))];
}
