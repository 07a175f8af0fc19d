/**
 * `explain`: an account of who decided what and why, from header fields alone, whoever stamped them. Pure and total: any bytes give
 * an account, or null where there is not one header field. It verifies nothing, since that needs the body and DNS, and says so; by
 * default it believes the receiving organization's own fields and calls everything below them a claim.
 */
import { limits } from "../../base/limits.ts";
import type { MethodResult } from "../../mail/authentication-results.ts";
import type { Tls } from "../../mail/transaction.ts";
import { type ExchangeFact, exchangeFactsOf } from "./exchange-facts.ts";
import { findingsOf, type Note, type Seen } from "./findings.ts";
import { fixesOf } from "./fixes.ts";
import { type Hop, type Side, type Way, wayOf } from "./hops.ts";
import { domainOf, meaningOf } from "./meaning.ts";
import { reportFacts } from "./own-report.ts";
import { readHeaders } from "./read-headers.ts";
import { type SignatureField, sealerOf, signatureFieldsOf } from "./signature-fields.ts";
import { type Statement, statementsOf, type Trust } from "./statements.ts";
import { alignment, type Heard, heardOf, type ToldVerdict, verdictOf } from "./verdict-told.ts";

export type { Note } from "./findings.ts";

export type Account = {
  /** Oldest first. */
  readonly hops: readonly ToldHop[];
  /** Each result of each field, in the order of the hops. */
  readonly results: readonly ToldResult[];
  readonly verdict: ToldVerdict;
  readonly notes: readonly Note[];
  readonly cannotProve: readonly string[];
  /** Beside the results: what Assay or Exchange did with the message, and the signatures that the header carries. */
  readonly filter: readonly ExchangeFact[];
  readonly signatures: readonly SignatureField[];
};

export type ToldHop = {
  /** 1 is the oldest. */
  readonly number: number;
  readonly side: Side;
  readonly helo: string | null;
  readonly clientName: string | null;
  readonly ip: string | null;
  readonly by: string | null;
  readonly provider: string | null;
  readonly tls: Tls | null;
};

export type ToldResult = {
  readonly hop: number | null;
  readonly field: string;
  /** Of the field, counted from the top: 0 first. */
  readonly place: number;
  readonly by: string | null;
  /** Of an ARC set: the domain of its seal. */
  readonly sealer: string | null;
  readonly trust: Trust;
  readonly instance: number | null;
  readonly method: string;
  readonly result: string;
  readonly domain: string | null;
  readonly reason: string | null;
  readonly comment: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly meaning: string | null;
  /** SPF or DKIM: does the domain belong to the author's organization, by its name? Null where that cannot be told. */
  readonly aligned: boolean | null;
  /** The statement that the verdict is read from. */
  readonly decisive: boolean;
};

/** Null where there is not one header field. */
export function explainHeaders(bytes: Uint8Array): Account | null {
  const read = readHeaders(bytes);
  if (read === null) return null;
  const { fields } = read;
  const way = wayOf(fields);
  const statements = statementsOf(fields, way);
  const heard = heardOf(statements, read);
  const verdict = verdictOf(heard);
  const filter = exchangeFactsOf(fields, way);
  const signatures = signatureFieldsOf(fields);
  const seen: Seen = { read, way, statements, heard, verdict, filter, signatures };
  const numbers = numbersOf(way);
  return {
    hops: way.hops.map((hop) => toldHop(hop, numbers)).reverse(),
    results: resultsOf(seen, numbers),
    verdict,
    notes: [...findingsOf(seen), ...fixesOf(seen)].slice(0, limits.explainNotesMax),
    cannotProve: cannotProve(seen),
    filter: [...reportFacts(fields), ...filter.facts],
    signatures,
  };
}

function numbersOf({ hops }: Way): ReadonlyMap<number, number> {
  return new Map(hops.map((hop, i) => [hop.place, hops.length - i]));
}

function toldHop(hop: Hop, numbers: ReadonlyMap<number, number>): ToldHop {
  const { place, side, helo, clientName, ip, by, provider, tls } = hop;
  return { number: numbers.get(place) ?? 0, side, helo, clientName, ip, by, provider: provider?.name ?? null, tls };
}

function resultsOf({ statements, heard, signatures }: Seen, numbers: ReadonlyMap<number, number>): readonly ToldResult[] {
  const number = ({ hop }: Statement) => (hop === null ? null : (numbers.get(hop.place) ?? null));
  const ordered = [...statements].sort((one, other) => (number(one) ?? 0) - (number(other) ?? 0) || other.place - one.place);
  return ordered.flatMap((statement) =>
    statement.results.map(
      (result): ToldResult => ({
        hop: number(statement),
        field: statement.field,
        place: statement.place,
        sealer: sealerOf(statement.instance, signatures),
        by: statement.by ?? statement.provider?.name ?? null,
        trust: statement.trust,
        instance: statement.instance,
        method: result.method,
        result: result.result,
        domain: domainOf(result),
        reason: result.reason,
        comment: result.comments.length === 0 ? null : result.comments.join(" "),
        properties: Object.fromEntries(
          result.properties.map(({ ptype, property, value }) => [ptype === "" ? property : `${ptype}.${property}`, value]),
        ),
        meaning: meaningOf(result),
        aligned: alignmentOf(result, heard),
        decisive: statement === heard.statement,
      }),
    ),
  );
}

function alignmentOf(result: MethodResult, { author }: Heard): boolean | null {
  const domain = result.method === "spf" || result.method === "dkim" ? domainOf(result) : null;
  return alignment(domain, author.domain);
}

/** What no header can prove, and what this one in particular does not. */
function cannotProve({ way: { edge, hops, origin }, verdict: { trust, answer }, filter, statements }: Seen): readonly string[] {
  const said: string[] = [];
  if (edge === null) said.push("There is no Received field: nothing shows which server wrote the results.");
  else if (origin === "own") said.push("All hops name one organization: whether the message really began there rests on those names.");
  else if (hops.some(({ side }) => side === "claim") || statements.some((one) => one.trust === "claim"))
    said.push(
      `What stands below the field in which ${edge.by ?? "the receiver"} took the message in was written by others, and may be forged.`,
    );
  if (trust === "beneath")
    said.push("The results stand where a sender can write too: they are true only if the server removes forged copies in its name.");
  if (edge !== null && filter.believed && filter.facts.length > 0)
    said.push("Filter fields stand among the sender's: Exchange Online replaces copies that it did not write, other servers do not.");
  said.push(
    "Nothing was verified anew: that takes the body, and DNS as it was then. Whoever had these lines in hand may have edited them.",
  );
  if (answer === "pass" || answer === "softpass")
    said.push("A pass says that the sender is who it claims to be. It does not say that the message is safe.");
  return said;
}
