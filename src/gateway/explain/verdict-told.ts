/**
 * The answer that a header holds: whose result counts, what it says of the author, and why. It decides nothing itself; of several
 * results the one whose place vouches for it best is told, and where none does, that is the answer.
 */
import { validateFrom } from "../../evidence/from/validate.ts";
import type { MethodResult } from "../../mail/authentication-results.ts";
import { organizationalDomainByList } from "../../mail/public-suffix.ts";
import type { Documented } from "../../verdict/reasons.ts";
import { type KnownReason, knownReason } from "../../verdict/reasons-of-others.ts";
import { domainOf, isLegible, policyOf, wordOf } from "./meaning.ts";
import { organizationOf } from "./provider.ts";
import type { ReadHeaders } from "./read-headers.ts";
import { isBelievable, type Statement, type Trust } from "./statements.ts";

export type ToldVerdict = {
  /** `unknown`: no result that anybody vouches for. */
  readonly answer: "pass" | "softpass" | "fail" | "none" | "unknown";
  /** The reason code as it stands in the header; null where there is none. */
  readonly reason: string | null;
  readonly known: KnownReason["known"] | null;
  readonly documented: Documented | null;
  readonly meaning: string;
  readonly cause: string | null;
  readonly senderCan: string | null;
  readonly from: { readonly address: string | null; readonly domain: string | null };
  /** Who decided: the authserv-id, the provider, or the server of the hop. */
  readonly decidedBy: string | null;
  readonly trust: Trust | null;
};

/** What the account is about: the statement that counts, and all results heard with it. */
export type Heard = {
  readonly statement: Statement | null;
  readonly results: readonly MethodResult[];
  readonly author: { readonly address: string | null; readonly domain: string | null };
};

export function heardOf(statements: readonly Statement[], { header }: ReadHeaders): Heard {
  const statement = decisive(statements);
  const results = statement === null ? [] : [...statement.results, ...besides(statement, statements)];
  const from = validateFrom(header);
  const named = results.find(({ method }) => method === "dmarc");
  const domain = from.domain ?? (named === undefined ? null : domainOf(named));
  return { statement, results, author: { address: from.address, domain } };
}

export function resultOf({ results }: Heard, method: string): MethodResult | null {
  return results.find((result) => result.method === method) ?? null;
}

/** Do the two belong to one organization, as far as their names tell? */
export function aligned(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return false;
  return one === other || (organizationalDomainByList(one) ?? one) === (organizationalDomainByList(other) ?? other);
}

/** As `aligned`; null where one of the names is missing or blotted out. */
export function alignment(one: string | null, other: string | null): boolean | null {
  return isLegible(one) && isLegible(other) ? aligned(one, other) : null;
}

/** Passes of SPF and DKIM, with the domain they passed for. */
export function passesOf({ results }: Heard): readonly { readonly method: string; readonly domain: string }[] {
  return results.flatMap((result) => {
    const domain = result.method === "spf" || result.method === "dkim" ? domainOf(result) : null;
    return domain !== null && wordOf(result) === "pass" ? [{ method: result.method, domain }] : [];
  });
}

export function verdictOf(heard: Heard): ToldVerdict {
  const { statement, author } = heard;
  const base = { from: author, decidedBy: statement === null ? null : decidedBy(statement), trust: statement?.trust ?? null };
  const compauth = resultOf(heard, "compauth");
  if (statement !== null && compauth !== null) return { ...base, ...byCompauth(compauth, statement) };
  return { ...base, reason: null, known: null, documented: null, senderCan: null, ...byDmarc(heard) };
}

const trustRank: Readonly<Record<Trust, number>> = { receiver: 0, nameless: 1, beneath: 2, sealed: 3, claim: 4 };

function decisive(statements: readonly Statement[]): Statement | null {
  const candidates = statements.filter((one) => one.kind !== "kept" && one.kind !== "arc" && isBelievable(one) && weight(one) < 9);
  const order = (one: Statement) => trustRank[one.trust] * 100 + weight(one) * 10;
  return [...candidates].sort((one, other) => order(one) - order(other) || one.place - other.place)[0] ?? null;
}

function weight({ results, kind }: Statement): number {
  const has = (method: string) => results.some((result) => result.method === method);
  // A report alone says what came out; the results beside it say why.
  if (kind === "report") return 3;
  if (has("compauth")) return 0;
  if (has("dmarc")) return 1;
  if (kind === "current" && (has("spf") || has("dkim") || has("arc"))) return 2;
  return results.length > 0 ? 3 : 9;
}

/** Receivers with one filter a method write one field each: what the others add is heard too. */
function besides(statement: Statement, statements: readonly Statement[]): readonly MethodResult[] {
  const methods = new Set(statement.results.map(({ method }) => method));
  const { by, trust } = statement;
  const others = statements.filter(
    (one) =>
      one !== statement &&
      one.kind !== "arc" &&
      one.kind !== "kept" &&
      one.trust === trust &&
      (trust === "receiver" || one.kind === "report" || organizationOf(one.by) === organizationOf(by)),
  );
  const added: MethodResult[] = [];
  for (const other of others) {
    const fresh = other.results.filter(({ method }) => !methods.has(method));
    added.push(...fresh);
    for (const { method } of fresh) methods.add(method);
  }
  return added;
}

function decidedBy({ by, provider, hop }: Statement): string | null {
  if (by === null) return provider?.name ?? hop?.by ?? null;
  return provider === null || provider.id === "other" ? by : `${provider.name} (${by})`;
}

const answers: ReadonlySet<string> = new Set(["pass", "softpass", "fail", "none"]);

function byCompauth(compauth: MethodResult, { provider }: Statement) {
  const code = compauth.reason ?? compauth.properties.find(({ property }) => property === "reason")?.value ?? null;
  const answer = answers.has(compauth.result) ? (compauth.result as ToldVerdict["answer"]) : ("unknown" as const);
  if (code === null)
    return { answer, reason: null, known: null, documented: null, senderCan: null, meaning: plainMeaning(answer), cause: null };
  // Microsoft's field is known by its form; with an authserv-id of anybody else's it is Assay that writes compauth.
  const { compauth: meant, ...text } = knownReason(code, provider?.id === "microsoft" ? "other" : "assay");
  const { known, documented, meaning, cause, senderCan } = text;
  if (meant === null || meant === answer) return { answer, reason: code, known, documented, meaning, cause, senderCan };
  // What a pass means would be told of a failure.
  const why = `Why is not known: reason=${code} belongs to compauth=${meant}.`;
  return { answer, reason: code, known, documented, meaning: plainMeaning(answer), cause: why, senderCan: null };
}

function plainMeaning(answer: ToldVerdict["answer"]): string {
  const words: Readonly<Record<ToldVerdict["answer"], string>> = {
    pass: "The sender is who it claims to be. That does not say that the message is harmless.",
    softpass: "The sender is likely who it claims to be.",
    fail: "Nobody vouches for this sender.",
    none: "Nothing was decided about the sender.",
    unknown: "No result that anybody vouches for says who sent this.",
  };
  return words[answer];
}

function byDmarc(heard: Heard): Pick<ToldVerdict, "answer" | "meaning" | "cause"> {
  const dmarc = resultOf(heard, "dmarc");
  const word = dmarc === null ? null : wordOf(dmarc);
  const domain = heard.author.domain ?? "the From domain";
  const policy = dmarc === null ? null : policyOf(dmarc);
  switch (word) {
    case "pass":
      return { answer: "pass", meaning: plainMeaning("pass"), cause: `DMARC passed for ${domain}.` };
    case "bestguesspass":
      return { answer: "pass", meaning: plainMeaning("pass"), cause: `${domain} has no DMARC record, but would pass if it had one.` };
    case "fail":
      return {
        answer: "fail",
        meaning:
          policy === "reject" || policy === "quarantine"
            ? `The owner of ${domain} says that such mail is not theirs.`
            : plainMeaning("fail"),
        cause: `DMARC failed${policy === null ? "" : `, and ${domain} publishes p=${policy}`}.`,
      };
    default:
      return undecided(heard, domain, word);
  }
}

function undecided(heard: Heard, domain: string, word: string | null): Pick<ToldVerdict, "answer" | "meaning" | "cause"> {
  if (heard.statement === null) return { answer: "unknown", meaning: plainMeaning("unknown"), cause: null };
  const own = passesOf(heard).find((pass) => aligned(pass.domain, heard.author.domain));
  const why =
    word === "none" ? `${domain} publishes no DMARC record` : word === null ? "No DMARC result is given" : `DMARC ended in ${word}`;
  if (own === undefined)
    return { answer: "none", meaning: plainMeaning("none"), cause: `${why}, and nothing that passed belongs to ${domain}.` };
  const method = own.method === "spf" ? "SPF" : "DKIM";
  return {
    answer: "none",
    meaning: `Nobody decided, but ${method} passed for ${own.domain}, which belongs to the author's organization.`,
    cause: `${why}.`,
  };
}
