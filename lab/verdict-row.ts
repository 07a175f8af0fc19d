/**
 * One row of a file of real composite verdicts: the words that Microsoft stamped, and what it decided (design: compauth.md "Real
 * verdicts to agree with"). A row is read once into what `decide` takes; the DMARC word and its action are taken as stamped, alignment
 * is computed here, and what a row does not say (reverse names, history) stays unknown. It decides nothing.
 */
import { z } from "zod";
import type { ArcSet } from "../src/evidence/arc/result.ts";
import type { DmarcPolicy, DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import type { FromResult } from "../src/evidence/from/result.ts";
import { infrastructureOf } from "../src/evidence/infrastructure/client.ts";
import type { IprevResult } from "../src/evidence/iprev/result.ts";
import type { SignatureOutcome, SignatureReason } from "../src/evidence/signature/result.ts";
import type { SpfOutcome } from "../src/evidence/spf/result.ts";
import { domainToAscii } from "../src/mail/domain.ts";
import { organizationalDomainByList } from "../src/mail/public-suffix.ts";
import type { DecisionInput } from "../src/verdict/verdict.ts";

export type VerdictRow = { readonly input: DecisionInput; readonly expected: { readonly compauth: string; readonly reason: string } };

/** A line of the file as a row, or what is wrong with it, in words. */
export function readVerdictRow(line: string): VerdictRow | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  const row = rowSchema.safeParse(value);
  if (!row.success) return row.error.issues.map(({ path, message }) => `${path.join(".") || "the row"}: ${message}`).join("; ");
  return { input: inputOf(row.data), expected: row.data.expected };
}

const word = <const W extends readonly string[]>(...words: W) => z.string().toLowerCase().pipe(z.enum(words));
const text = z.string().nullish();

const dkimSchema = z.object({
  result: word("pass", "fail", "none", "timeout", "test", "ignore", "temperror", "permerror", "neutral", "policy"),
  comment: text,
  d: text,
});
const dmarcWord = word("pass", "fail", "bestguesspass", "none", "permerror", "temperror");
const setSchema = z.object({ i: z.int().positive(), sealer: text, cv: text, arc: text, dmarc: text, headerFrom: text, authservId: text });
const rowSchema = z.object({
  ip: text,
  helo: text,
  spf: word("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"),
  mailFrom: text,
  dkim: z.array(dkimSchema),
  dmarc: dmarcWord,
  action: z.string().nullish(),
  headerFrom: text,
  arc: z.array(setSchema).nullish(),
  expected: z.object({ compauth: z.string().toLowerCase(), reason: z.string() }),
});
type Row = z.infer<typeof rowSchema>;

function inputOf(row: Row): DecisionInput {
  const ip = row.ip ?? null;
  const author = asciiOf(row.headerFrom);
  const spf = [spfOf(row, author)];
  const dkim = row.dkim.filter(({ result }) => result !== "none").map((one) => dkimOf(one, author));
  return {
    transaction: {
      ip,
      ptr: null,
      helo: row.helo ?? null,
      mailFrom: row.mailFrom == null ? "" : `postmaster@${row.mailFrom}`,
      rcptTo: [],
      tls: null,
      authenticatedAs: null,
      listener: null,
      direction: "inbound",
      queueId: null,
      messageId: null,
      size: null,
      trustedHop: null,
    },
    from: fromOf(author),
    evidence: {
      defects: [],
      iprev: unknownName,
      spf,
      dkim,
      arc: arcOf(row),
      dmarc: dmarcOf(row, author, { spf, dkim }),
      infrastructure: infrastructureOf(ip, unknownName),
      bounceOf: null,
    },
  };
}

/** Nobody noted the reverse name. */
const unknownName: IprevResult = { result: "none", reason: "no-client", names: [], confirmed: 0, generic: false };

/** Of a domain or an address, as an A-label in lower case; null for what is none, such as the word `none` that stands for no signature. */
function asciiOf(domain: string | null | undefined): string | null {
  const ascii = domain == null ? null : domainToAscii(domain.slice(domain.lastIndexOf("@") + 1).trim());
  return ascii?.includes(".") === true ? ascii : null;
}

function fromOf(author: string | null): FromResult {
  if (author === null)
    return { result: "invalid", reason: "missing", address: null, domain: null, displayName: null, advice: [], domains: [] };
  const address = `someone@${author}`;
  return { result: "valid", reason: null, address, domain: author, displayName: null, advice: [], domains: [author] };
}

function alignmentOf(domain: string | null, author: string | null): { readonly aligned: boolean; readonly alignedBestGuess: boolean } {
  const same = domain !== null && author !== null && organizationOf(domain) === organizationOf(author);
  return { aligned: same, alignedBestGuess: same };
}

function organizationOf(domain: string): string {
  return organizationalDomainByList(domain) ?? domain;
}

const spfReasons: Readonly<Record<SpfOutcome, Evidence["spf"][number]["reason"]>> = {
  pass: "matched",
  fail: "matched",
  softfail: "matched",
  neutral: "default",
  none: "no-record",
  temperror: "dns",
  permerror: "syntax",
};

function spfOf({ spf, mailFrom }: Row, author: string | null): Evidence["spf"][number] {
  const domain = asciiOf(mailFrom);
  return {
    identity: "mailfrom",
    domain,
    result: spf,
    reason: spfReasons[spf],
    mechanism: null,
    explanation: null,
    lookups: 0,
    voidLookups: 0,
    broad: false,
    ...alignmentOf(domain, author),
  };
}

type Word = { readonly result: SignatureOutcome; readonly reason: SignatureReason | null };

/** RFC 8601's word for Microsoft's, and for its comment the reason that says the same. */
function signatureWord({ result, comment }: Row["dkim"][number]): Word {
  switch (result) {
    case "pass":
      return { result: "pass", reason: null };
    case "timeout":
    case "temperror":
      return { result: "temperror", reason: "dns" };
    case "ignore":
    case "policy":
      return { result: "policy", reason: "weak-key" };
    // RFC 6376 §3.6.1: a signature under a key in test mode says no more than none.
    case "test":
    case "neutral":
    case "none":
      return { result: "neutral", reason: null };
    case "permerror":
      return { result: "permerror", reason: "syntax" };
    case "fail":
      return failures.find(([said]) => comment?.toLowerCase().includes(said) === true)?.[1] ?? { result: "fail", reason: "signature" };
    default:
      return result satisfies never;
  }
}

const failures: readonly (readonly [string, Word])[] = [
  ["body hash", { result: "fail", reason: "body-hash" }],
  ["no key", { result: "permerror", reason: "no-key" }],
  ["syntax", { result: "permerror", reason: "syntax" }],
  ["invalid public key", { result: "permerror", reason: "key-syntax" }],
  ["timestamp", { result: "fail", reason: "expired" }],
  ["hash algorithm", { result: "policy", reason: "weak-algorithm" }],
];

function dkimOf(stamped: Row["dkim"][number], author: string | null): Evidence["dkim"][number] {
  const domain = asciiOf(stamped.d);
  const { result, reason } = signatureWord(stamped);
  return {
    result,
    reason,
    headerResult: result === "pass" || reason === "body-hash" ? "pass" : reason === "signature" ? "fail" : "none",
    bodyResult: result === "pass" ? "pass" : reason === "body-hash" ? "fail" : "none",
    domain,
    selector: null,
    algorithm: null,
    keyBits: null,
    bodyCovered: result === "pass" ? true : null,
    signatureStart: null,
    comment: stamped.comment ?? null,
    ...alignmentOf(domain, author),
  };
}

/** quarantine and oreject (reject, too) mean that a policy was enforced; the pct. forms mean that it was not. */
function policyOf(action: string | null | undefined): DmarcPolicy {
  const said = (action ?? "none").toLowerCase();
  if (said === "quarantine") return "quarantine";
  return said === "oreject" || said === "o.reject" || said === "reject" ? "reject" : "none";
}

function dmarcOf({ dmarc, action }: Row, author: string | null, found: Pick<Evidence, "spf" | "dkim">): DmarcResult {
  const byDkim = found.dkim.some(({ result, aligned }) => result === "pass" && aligned);
  const bySpf = found.spf.some(({ result, aligned }) => result === "pass" && aligned);
  const hasRecord = dmarc === "pass" || dmarc === "fail";
  const policy = hasRecord ? policyOf(action) : null;
  const passed = dmarc === "pass" || dmarc === "bestguesspass";
  return {
    result: dmarc,
    reason: dmarcReasons[dmarc],
    domain: author,
    policyDomain: hasRecord && author !== null ? organizationOf(author) : null,
    publishedPolicy: policy,
    policy,
    action: dmarc === "fail" ? (policy ?? "none") : "none",
    alignedBy: passed ? (byDkim ? "dkim" : bySpf ? "spf" : null) : null,
    alternative: null,
    testing: false,
    walked: [],
  };
}

const dmarcReasons: Readonly<Record<Row["dmarc"], DmarcResult["reason"]>> = {
  pass: "aligned",
  bestguesspass: "aligned",
  fail: "not-aligned",
  none: "no-record",
  permerror: "record",
  temperror: "record-dns",
};

/** The chain is valid when the newest set says so. */
function arcOf({ arc }: Row): Evidence["arc"] {
  const sets = (arc ?? []).toSorted((a, b) => a.i - b.i);
  const newest = sets.at(-1);
  if (newest === undefined) return { result: "none", reason: null, oldestPass: null, sets: [], trusted: false };
  const valid = newest.arc?.toLowerCase() === "pass";
  return {
    result: valid ? "pass" : "fail",
    reason: valid ? null : "cv",
    oldestPass: valid ? 0 : null,
    sets: sets.map(setOf),
    trusted: false,
  };
}

function setOf({ i, sealer, cv, dmarc, headerFrom, authservId }: z.infer<typeof setSchema>): ArcSet {
  const properties = headerFrom == null ? [] : [{ ptype: "header", property: "from", value: headerFrom }];
  const said =
    dmarc == null ? [] : [{ method: "dmarc", version: null, result: dmarc.toLowerCase(), reason: null, properties, comments: [] }];
  return {
    instance: i,
    sealer: asciiOf(sealer),
    cv: chainWords.find((known) => known === cv?.toLowerCase()) ?? null,
    results: { authservId: authservId ?? null, version: null, results: said },
    bound: true,
  };
}

const chainWords = ["none", "pass", "fail"] as const;
