/**
 * What the log says of a message: the fields of its lines, as flat values. `schema` names their form; a reader may rely on the keys of that
 * form being there, with null for what is not known. Pure: log.ts writes them.
 */
import { limits } from "../base/limits.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { Answered, Client, Observed } from "../gateway/dialogue/journey.ts";
import type { Inspection } from "../stamp/inspection.ts";

type Reply = { readonly code: number; readonly enhanced: string; readonly text: string };
type ClientFields = {
  readonly listener: "inbound" | "submission";
  readonly client: string | null;
  readonly helo: string | null;
  readonly tls: string | null;
  readonly authenticatedAs: string | null;
};
type ReplyFields = { readonly code: number | null; readonly enhanced: string | null; readonly reply: string | null };

export type DecisionLine = ClientFields &
  ReplyFields & {
    readonly schema: "assay.decision/1";
    /** The id of the inspection: as in the stamp, in replies and in the journal. Null where a fault of ours left none. */
    readonly trace: string | null;
    readonly queueId: string | null;
    readonly messageId: string | null;
    readonly direction: "inbound" | "outbound" | null;
    readonly ptr: string | null;
    readonly mailFrom: string | null;
    readonly rcptCount: number;
    readonly rcptTo: readonly string[];
    readonly size: number | null;
    readonly fromDomain: string | null;
    readonly spf: string | null;
    readonly spfDomain: string | null;
    readonly dkim: string | null;
    readonly dkimDomains: readonly string[];
    readonly dmarc: string | null;
    readonly dmarcPolicy: string | null;
    readonly arc: string | null;
    readonly iprev: string | null;
    readonly compauth: string | null;
    readonly reason: string | null;
    readonly standing: string | null;
    readonly suspicion: readonly string[];
    readonly action: string | null;
    readonly withheld: boolean | null;
    readonly disposition: "accept" | "refuse";
    readonly held: boolean;
    readonly ms: number;
    readonly deferrals: number;
  };

export type AnswerLine = ClientFields &
  ReplyFields & {
    readonly schema: "assay.answer/1";
    readonly stage: "mail" | "rcpt";
    readonly mailFrom: string | null;
    readonly recipient: string | null;
    readonly ms: number;
  };

export function decisionLine({ client, mailFrom, rcptTo, queueId, disposition, ms, deferrals }: Observed): DecisionLine {
  const { inspection } = disposition;
  return {
    schema: "assay.decision/1",
    trace: inspection?.id ?? null,
    queueId: shown(queueId),
    ...clientFields(client),
    mailFrom: shown(mailFrom),
    rcptCount: rcptTo.length,
    rcptTo: rcptTo.slice(0, limits.logRecipientsMax).map((one) => shown(one) ?? ""),
    ...foundFields(inspection),
    disposition: disposition.kind,
    held: disposition.kind === "accept" && disposition.hold !== null,
    ...replyFields(disposition.kind === "refuse" ? disposition.reply : null),
    ms: Math.round(ms),
    deferrals,
  };
}

export function answerLine({ stage, client, mailFrom, recipient, reply, ms }: Answered): AnswerLine {
  return {
    schema: "assay.answer/1",
    stage,
    ...clientFields(client),
    mailFrom: shown(mailFrom),
    recipient: shown(recipient),
    ...replyFields(reply),
    ms: Math.round(ms),
  };
}

/** Bounded, and without what could steer a terminal or turn the text around; JSON takes care of the line end. */
export function shown<T extends string | null>(text: T, charactersMax: number = limits.logTextCharactersMax): T | string {
  if (text === null) return text;
  const cut = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  return unprintable.test(cut) ? cut.replace(unprintables, "\ufffd") : cut;
}
// Controls but for the line end and the tab, which JSON escapes and a stack needs; invisible and turning characters.
const unprintable = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const unprintables = new RegExp(unprintable, "g");

function clientFields({ listener, ip, helo, tls, authenticatedAs }: Client): ClientFields {
  const version = tls === null ? null : (tls.version ?? "unknown");
  return { listener, client: shown(ip), helo: shown(helo), tls: shown(version), authenticatedAs: shown(authenticatedAs) };
}

function replyFields(reply: Reply | null): ReplyFields {
  return { code: reply?.code ?? null, enhanced: reply?.enhanced ?? null, reply: shown(reply?.text ?? null) };
}

type FoundFields = Omit<
  DecisionLine,
  | keyof ClientFields
  | keyof ReplyFields
  | "schema"
  | "trace"
  | "queueId"
  | "mailFrom"
  | "rcptCount"
  | "rcptTo"
  | "disposition"
  | "held"
  | "ms"
  | "deferrals"
>;

function foundFields(inspection: Inspection | null): FoundFields {
  if (inspection === null) return nothingFound;
  const { transaction, from, evidence, verdict, standing, suspicion, action } = inspection;
  const spf = evidence.spf.find(({ identity }) => identity === "mailfrom") ?? evidence.spf[0];
  return {
    messageId: shown(transaction.messageId),
    direction: transaction.direction,
    ptr: shown(transaction.ptr),
    size: transaction.size,
    fromDomain: shown(from.domain),
    spf: spf?.result ?? "none",
    spfDomain: shown(spf?.domain ?? null),
    ...dkimFields(evidence.dkim),
    dmarc: evidence.dmarc.result,
    dmarcPolicy: evidence.dmarc.policy,
    arc: evidence.arc.result,
    iprev: evidence.iprev.result,
    compauth: verdict.compauth,
    reason: verdict.reason,
    standing,
    suspicion,
    action: action.kind,
    withheld: action.withheld,
  };
}

const nothingFound: FoundFields = {
  messageId: null,
  direction: null,
  ptr: null,
  size: null,
  fromDomain: null,
  spf: null,
  spfDomain: null,
  dkim: null,
  dkimDomains: [],
  dmarc: null,
  dmarcPolicy: null,
  arc: null,
  iprev: null,
  compauth: null,
  reason: null,
  standing: null,
  suspicion: [],
  action: null,
  withheld: null,
};

/** Pass where any signature is valid, with the domains that signed; else what the first one gave. */
function dkimFields(dkim: Evidence["dkim"]): Pick<DecisionLine, "dkim" | "dkimDomains"> {
  const valid = dkim.filter(({ result }) => result === "pass").slice(0, limits.logSignersMax);
  const [first] = dkim;
  return {
    dkim: valid.length > 0 ? "pass" : (first?.result ?? "none"),
    dkimDomains: valid.flatMap(({ domain }) => (domain === null ? [] : (shown(domain) ?? ""))),
  };
}
