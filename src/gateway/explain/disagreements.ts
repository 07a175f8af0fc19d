/**
 * Results that cannot all be true, or not without a reason the header does not show. Alignment is judged by names alone, as a
 * relaxed record would have it; what the sender's record asks for is not in the header.
 */
import { knownReason } from "../../verdict/reasons-of-others.ts";
import { domainOf, policyOf, propertyOf, wordOf } from "./meaning.ts";
import type { SignatureField } from "./signature-fields.ts";
import type { Statement } from "./statements.ts";
import type { Heard, ToldVerdict } from "./verdict-told.ts";
import { aligned, alignment, passesOf, resultOf } from "./verdict-told.ts";

type Input = {
  readonly heard: Heard;
  readonly verdict: ToldVerdict;
  readonly statements: readonly Statement[];
  readonly signatures: readonly SignatureField[];
};

type Finding = readonly [id: string, text: string];

export function disagreements(input: Input): readonly (Finding | null)[] {
  return [
    codeAgainstResult(input),
    dmarcFailThoughAligned(input),
    dmarcPassWithout(input),
    dmarcAgainstCompauth(input),
    codeAgainstDmarc(input),
    guessWithPolicy(input),
    twoSpfResults(input),
    signatureAgainstResult(input),
    authorAgainstResult(input),
    severalAnswers(input),
  ];
}

/** `compauth=fail reason=100`: one of the two is wrong, or was put together by hand. */
function codeAgainstResult({ heard, verdict }: Input): Finding | null {
  const compauth = resultOf(heard, "compauth");
  if (compauth === null || verdict.reason === null) return null;
  const meant = knownReason(verdict.reason, heard.statement?.provider?.id === "microsoft" ? "other" : "assay").compauth;
  if (meant === null || meant === compauth.result) return null;
  return [
    "reason-mismatch",
    `compauth=${compauth.result} does not go with reason=${verdict.reason}, which belongs to compauth=${meant}. No known receiver writes this: the field is edited, invented or from a wrong page.`,
  ];
}

function dmarcFailThoughAligned({ heard }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  if (dmarc === null || wordOf(dmarc) !== "fail") return null;
  const domain = domainOf(dmarc) ?? heard.author.domain;
  const pass = passesOf(heard).find((one) => alignment(one.domain, domain) === true);
  if (pass === undefined || domain === null) return null;
  const method = pass.method === "spf" ? "SPF" : "DKIM";
  if (pass.domain === domain)
    return [
      "dmarc-contradiction",
      `${method} passed for ${domain} itself, and yet dmarc=fail: the two contradict each other. Either the results were edited, or the pass did not count (a signature over part of the body, for one).`,
    ];
  return [
    "strict-alignment",
    `${method} passed for ${pass.domain}, of the same organization as ${domain}, and yet dmarc=fail: the record probably asks for strict alignment (${pass.method === "spf" ? "aspf=s" : "adkim=s"}).`,
  ];
}

function dmarcPassWithout({ heard }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  if (dmarc === null || wordOf(dmarc) !== "pass") return null;
  const domain = domainOf(dmarc) ?? heard.author.domain;
  const told = heard.results.some(({ method }) => method === "spf" || method === "dkim");
  if (!told || domain === null || passesOf(heard).some((one) => alignment(one.domain, domain) !== false)) return null;
  return [
    "dmarc-pass-without",
    `dmarc=pass, and yet no SPF or DKIM pass listed with it belongs to ${domain}: results are missing, redacted or edited, or an ARC sealer was believed.`,
  ];
}

/** 002 is an administrator's block, which stands above any result. */
function dmarcAgainstCompauth({ heard, verdict }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  if (dmarc === null || wordOf(dmarc) !== "pass" || resultOf(heard, "compauth")?.result !== "fail" || verdict.reason === "002") return null;
  return ["compauth-contradiction", "dmarc=pass and compauth=fail do not go together, unless the receiver could not establish one author."];
}

/** A reason that says something of DMARC which the DMARC result does not. */
function codeAgainstDmarc({ heard, verdict }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  if (dmarc === null || verdict.reason === null) return null;
  const word = wordOf(dmarc);
  const needs: Readonly<Record<string, readonly string[]>> = {
    "000": ["fail"],
    "010": ["fail"],
    "100": ["pass"],
    "109": ["bestguesspass", "none"],
    "111": ["permerror", "temperror"],
    "112": ["temperror", "permerror"],
    "130": ["fail", "none"],
  };
  const wanted = Object.hasOwn(needs, verdict.reason) ? needs[verdict.reason] : undefined;
  if (wanted === undefined || wanted.includes(word)) return null;
  return ["reason-dmarc", `reason=${verdict.reason} means dmarc=${wanted[0] ?? ""}, but the field says dmarc=${dmarc.result}.`];
}

function guessWithPolicy({ heard }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  if (dmarc === null) return null;
  const policy = policyOf(dmarc);
  if (dmarc.result === "bestguesspass")
    return policy === null
      ? [
          "bestguesspass",
          "dmarc=bestguesspass is Microsoft's word for: there is no DMARC record, and a usual one would have been passed. Others can still use the name.",
        ]
      : ["bestguesspass-policy", `dmarc=bestguesspass says that there is no record, and yet p=${policy} is named.`];
  return null;
}

function twoSpfResults({ heard, statements }: Input): Finding | null {
  const spf = resultOf(heard, "spf");
  const beside = statements.find(
    ({ kind, trust, hop }) => kind === "spf" && trust === heard.statement?.trust && hop === heard.statement?.hop,
  );
  const other = beside?.results[0];
  if (spf === null || other === undefined || beside === heard.statement || wordOf(spf) === wordOf(other)) return null;
  return [
    "spf-differs",
    `Received-SPF says ${other.result}, the results say spf=${spf.result}: they are of different addresses, or one was edited.`,
  ];
}

function signatureAgainstResult({ heard, signatures }: Input): Finding | null {
  const dkim = heard.results.filter(({ method }) => method === "dkim");
  const signed = signatures.filter(({ kind }) => kind === "dkim");
  const [only] = dkim;
  if (only !== undefined && only.result === "none" && signed.length > 0)
    return [
      "unseen-signature",
      `dkim=none, and yet a DKIM-Signature of ${signed[0]?.domain ?? "somebody"} is there: it was added afterwards, or it is not a form the receiver reads.`,
    ];
  const verified = dkim.find((one) => wordOf(one) === "pass" && domainOf(one) !== null && propertyOf(one, "header.d", "header.i") !== null);
  const domain = verified === undefined ? null : domainOf(verified);
  if (domain === null || signed.length === 0 || signed.some((one) => aligned(one.domain, domain))) return null;
  return [
    "missing-signature",
    `dkim=pass for ${domain}, but no DKIM-Signature of that domain is in these headers: fields are missing or edited.`,
  ];
}

function authorAgainstResult({ heard }: Input): Finding | null {
  const dmarc = resultOf(heard, "dmarc");
  const judged = dmarc === null ? null : domainOf(dmarc);
  const { domain } = heard.author;
  if (judged === null || domain === null || judged === domain || /[*[<]|redact/i.test(judged)) return null;
  return [
    "author-differs",
    `The From field says ${domain}, but the results are about ${judged}: the field was changed after they were written, or they belong to another message.`,
  ];
}

/** Two fields of equal standing that say different things about one method. */
function severalAnswers({ heard, statements }: Input): Finding | null {
  const { statement } = heard;
  if (statement === null) return null;
  const peers = statements.filter(
    (one) => one !== statement && one.kind === "current" && one.trust === statement.trust && one.by === statement.by,
  );
  for (const method of ["compauth", "dmarc"]) {
    const own = statement.results.find((one) => one.method === method);
    const other = peers
      .flatMap(({ results }) => results)
      .find((one) => one.method === method && wordOf(one) !== (own === undefined ? "" : wordOf(own)));
    if (own !== undefined && other !== undefined)
      return [
        "several-answers",
        `Two fields in the same name disagree: ${method}=${own.result} and ${method}=${other.result}. The topmost is told here.`,
      ];
  }
  return null;
}
