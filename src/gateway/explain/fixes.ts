/**
 * What can be done about what a header shows, and by whom: the sender (or the owner of the From domain), or whoever runs the
 * receiving side. Advice is drawn from the results that count; claims of others move nobody to mend anything.
 */
import { factValue } from "./exchange-facts.ts";
import { type Note, passedBefore, type Seen } from "./findings.ts";
import { actionOf, domainOf, policyOf, propertyOf, wordOf } from "./meaning.ts";
import { aligned, alignment, passesOf, resultOf } from "./verdict-told.ts";

type Fix = readonly [id: string, text: string] | null;

export function fixesOf(seen: Seen): readonly Note[] {
  if (seen.heard.statement === null) return [];
  const notes = (who: Note["who"], fixes: readonly Fix[]) =>
    fixes.flatMap((fix) => (fix === null ? [] : [{ id: fix[0], kind: "fix", who, text: fix[1] } as const]));
  const sender = [...spfFixes(seen), ...dkimFixes(seen), ...foreignPasses(seen), ...dmarcFixes(seen)];
  const general: Fix = sender.every((fix) => fix === null) && seen.verdict.senderCan !== null ? ["sender", seen.verdict.senderCan] : null;
  return [...notes("sender", [...sender, general]), ...notes("recipient", recipientFixes(seen))];
}

const passed = ({ verdict }: Seen): boolean => verdict.answer === "pass";

function spfFixes(seen: Seen): readonly Fix[] {
  const spf = resultOf(seen.heard, "spf");
  if (spf === null) return [];
  const domain = domainOf(spf);
  const word = wordOf(spf);
  const ip = clientOf(seen);
  if (word === "permerror" && domain !== null)
    return [["spf-record", `Mend the SPF record of ${domain}: one record, no mistakes, at most 10 terms that need DNS.`]];
  if (passed(seen) || domain === null || !aligned(domain, seen.heard.author.domain)) return [];
  if (word === "fail" || word === "softfail" || word === "neutral")
    return [["spf-client", `If ${ip ?? "the client"} is a host of ${domain}, its SPF record should list it.`]];
  return word === "none" ? [["spf-none", `${domain} should publish an SPF record that lists ${ip ?? "its hosts"}.`]] : [];
}

/** The client as the receiver saw it: from the SPF comment, Received-SPF or the border. */
function clientOf({ heard, way }: Seen): string | null {
  const spf = resultOf(heard, "spf");
  const inComment = /sender ip is ([0-9a-fA-F.:]{2,45})/i.exec(spf?.comments.join(" ").slice(0, 500) ?? "")?.[1] ?? null;
  return inComment ?? (spf === null ? null : propertyOf(spf, "smtp.remote-ip")) ?? (way.edge?.side === "edge" ? way.edge.ip : null);
}

function dkimFixes(seen: Seen): readonly Fix[] {
  if (passed(seen)) return [];
  const dkim = seen.heard.results.filter(({ method }) => method === "dkim");
  return dkim.slice(0, 4).map((one): Fix => {
    const domain = domainOf(one) ?? "the signer";
    const comment = `${one.comments.join(" ")} ${one.reason ?? ""}`.toLowerCase().slice(0, 500);
    if (wordOf(one) === "pass" || wordOf(one) === "none") return null;
    if (one.result === "timeout" || wordOf(one) === "temperror" || comment.includes("timeout"))
      return ["dkim-dns", `The name servers of ${domain} did not answer for its DKIM key: make them quick and reachable from everywhere.`];
    if (comment.includes("no key"))
      return ["dkim-key", `${domain} signs with a key it does not publish: put the selector's record into DNS.`];
    if (comment.includes("body hash") || comment.includes("body-hash"))
      return [
        "dkim-body",
        `Something changed the body after ${domain} had signed it (a footer, a gateway, a list): sign behind it, or let it seal with ARC.`,
      ];
    return [
      "dkim-signature",
      `The signature of ${domain} does not verify: look for a step that rewrites signed fields, or a key that was changed.`,
    ];
  });
}

/** Passes that belong to another organization: the usual case of a service that sends for somebody. */
function foreignPasses(seen: Seen): readonly Fix[] {
  const { domain } = seen.heard.author;
  // Of a forwarded message the forwarder's pass is not the sender's to mend.
  if (passed(seen) || domain === null || passedBefore(seen) !== null) return [];
  const foreign = passesOf(seen.heard);
  if (foreign.length === 0 || foreign.some((one) => alignment(one.domain, domain) !== false)) return [];
  const whose = [...new Set(foreign.map((one) => `${one.method === "spf" ? "SPF" : "DKIM"} for ${one.domain}`))].slice(0, 3).join(", ");
  return [
    [
      "foreign-pass",
      `What passed (${whose}) belongs to another organization than ${domain}. If that service sends for ${domain}, let it sign with DKIM as ${domain}.`,
    ],
  ];
}

function dmarcFixes({ heard }: Seen): readonly Fix[] {
  const dmarc = resultOf(heard, "dmarc");
  const domain = (dmarc === null ? null : domainOf(dmarc)) ?? heard.author.domain;
  if (dmarc === null || domain === null) return [];
  const word = wordOf(dmarc);
  if (word === "none" || word === "bestguesspass")
    return [["dmarc-publish", `${domain} should publish a DMARC record, so that others cannot use the name.`]];
  if (word === "permerror")
    return [["dmarc-record", `Mend the DMARC record of ${domain}: exactly one TXT record at _dmarc.${domain} that begins with v=DMARC1.`]];
  if (word === "temperror") return [["dmarc-dns", `The DMARC record of ${domain} could not be fetched: look after its name servers.`]];
  if (word === "fail" && policyOf(dmarc) === "none")
    return [["dmarc-policy", `${domain} only watches (p=none): once its own mail passes, p=quarantine or p=reject stops others.`]];
  return [];
}

function recipientFixes(seen: Seen): readonly Fix[] {
  const { heard, verdict, filter } = seen;
  const dmarc = resultOf(heard, "dmarc");
  const action = dmarc === null ? null : actionOf(dmarc);
  const override = action === "oreject" || action === "o.reject";
  const rule = (factValue(filter, "SFV") ?? "").toUpperCase();
  const skipped =
    ["SKN", "SKA", "SFE"].includes(rule) ||
    factValue(filter, "IPV")?.toUpperCase() === "CAL" ||
    factValue(filter, "SCL")?.startsWith("-") === true;
  const code = verdict.reason ?? "";
  return [
    override
      ? [
          "honor-dmarc",
          "To have p=reject obeyed, turn on “honor DMARC” in the anti-phishing policy, and let no allow entry or gateway in front stand above it.",
        ]
      : null,
    code === "451" || code === "405" || code === "905"
      ? [
          "enhanced-filtering",
          "If a gateway stands in front, tell the receiver which hops are yours (enhanced filtering for the connector), so that the true client is judged.",
        ]
      : null,
    skipped && verdict.answer !== "pass"
      ? [
          "allow-entry",
          "An entry of the receiving side let this message through without its checks: see whether it is still wanted, and bind it to mail that authenticates.",
        ]
      : null,
    code.startsWith("6") || code === "010" || code === "011"
      ? [
          "own-domain",
          "If the message is legitimate, the service that sends in your domain needs SPF or DKIM for it, or an entry for exactly this pair.",
        ]
      : null,
    code === "001"
      ? [
          "pair",
          "If the message is legitimate and the sender will not mend it, allow exactly this pair of domain and sending host, never the domain alone.",
        ]
      : null,
    arcUntrusted(seen) ? ["trust-sealer", "If that forwarder is known to you, add its domain to the trusted ARC sealers."] : null,
  ];
}

function arcUntrusted({ statements, verdict }: Seen): boolean {
  const comments = statements
    .filter(({ trust }) => trust !== "claim")
    .flatMap(({ results }) => results.filter(({ method }) => method === "arc").flatMap((arc) => arc.comments));
  return verdict.answer === "fail" && /\boda=0\b/.test(comments.join(" ").slice(0, 2000));
}
