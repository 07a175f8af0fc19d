/**
 * The tables of the configuration that name somebody: accepted domains and tenants, whose word is trusted and for what, other filters
 * whose verdicts count, mail flow rules, and who may write what in From of outbound mail.
 */
import { z } from "zod";
import { limits } from "../base/limits.ts";
import { faultText, parseRule } from "../verdict/overrides/rule-parser.ts";
import { listOf, oneOf, table, tablesOf, text, wantedWords, whole, yesOrNo } from "./forms.ts";
import * as values from "./values.ts";

export const authservId = text('a name without spaces, quotes or brackets, such as "mx.contoso.com"', values.authservId);
const domainName = text('a domain name, such as "contoso.com"', values.domainName);
const network = text('a network or an address, such as "192.0.2.0/24" or "2001:db8::1"', values.network);
const entryName = text("a short name: letters, digits, spaces and . _ @ : + -", values.entryName);
const pattern = text('the value of a field, with * for any run of characters, such as "infected*"', values.filterPattern);

export const domains = tablesOf(
  table({
    name: domainName.meta({ description: "Accepted domain: mail to it is inbound.", sample: '"contoso.com"' }),
    ipv6: yesOrNo().default(false).describe("Accepts anonymous mail over IPv6 for this domain: opt in."),
  }),
  "domains",
  ["name"],
);

export const tenants = tablesOf(
  table({
    id: text('lower-case letters, digits and hyphens, such as "contoso"', values.tenantId).meta({
      description: "Short name of the organization; keys of the store hold it, so it is not changed.",
      sample: '"contoso"',
    }),
    domains: listOf(domainName, "a list of domain names").meta({
      description: "Its accepted domains; each belongs to one tenant. [[domains]] may add settings of one.",
      sample: '["contoso.com"]',
    }),
  }),
  "tenants",
  ["id"],
);

const forwarders = tablesOf(
  table({
    name: entryName.meta({ description: "What the forwarder is called in explanations.", sample: '"alumni"' }),
    networks: listOf(network, "a list of networks").meta({ description: "Its addresses.", sample: '["192.0.2.0/28"]' }),
    ptr: listOf(domainName, "a list of domain names").meta({
      description: "Suffixes of its confirmed reverse names.",
      sample: '["alumni.example"]',
    }),
    dkim: listOf(domainName, "a list of domain names").meta({ description: "Domains of its own verified signatures.", sample: "[]" }),
    recipient_domains: listOf(domainName, "a list of domain names").meta({
      description: "Accepted domains that it forwards to; none: all of them.",
      sample: "[]",
    }),
  }),
  "trust.forwarders",
  ["name"],
);

const gateways = tablesOf(
  table({
    name: entryName.meta({ description: "Name under which the gateway reports what it saw.", sample: '"gw.contoso.com"' }),
    networks: listOf(network, "a list of networks").meta({ description: "Its addresses.", sample: '["192.0.2.25"]' }),
  }),
  "trust.gateways",
  ["name"],
);

const sealerWords = 'a domain name, or { domain = "…", for = ["…"] }';
const sealer = z
  .union([domainName, table({ domain: domainName.describe("Domain of the seal."), for: forwardersOfSealer() })], { error: sealerWords })
  .register(wantedWords, { wanted: sealerWords });

function forwardersOfSealer() {
  return listOf(domainName, "a list of domain names").describe("Forwarders or tenants with which alone its word counts.");
}

export const trust = table({
  networks: listOf(network, "a list of networks").describe("Relays of ours: their Received fields are passed over."),
  hops: listOf(network, "a list of networks").describe("Gateways in front of us whose Received names the true client."),
  sealers: listOf(sealer, `a list: each ${sealerWords}`).meta({
    description: "Domains whose ARC seals are believed; a large provider together with the forwarders or tenants that are expected of it.",
    sample: '["lists.example", { domain = "google.com", for = ["forwarder.example"] }]',
  }),
  authserv_ids: listOf(authservId, "a list of names").describe("Further names whose Authentication-Results are ours: removed on arrival."),
  local_milters: listOf(authservId, "a list of names").describe(
    "Names under which filters on this side of the border write Authentication-Results: theirs stay.",
  ),
  gateways: gateways.describe("Gateways of ours that may change a body; their own result stands for the signature they broke (108)."),
  forwarders: forwarders.describe("Forwarders that our recipients use: trusted only for failures that look like forwarding."),
});

function meaning(what: string, example: string) {
  return listOf(pattern, "a list of patterns").meta({ description: `Values of the field that mean ${what}.`, sample: `["${example}"]` });
}

export const filters = tablesOf(
  table({
    name: entryName.meta({ description: "What the filter is called in explanations.", sample: '"scanner"' }),
    header: text('the name of a header field, such as "X-Scan-Verdict"', values.fieldName).meta({
      description: "Field that its verdict is read from; removed from mail that did not come from the filter.",
      sample: '"X-Scan-Verdict"',
    }),
    networks: listOf(network, "a list of networks").meta({
      description: "Addresses that the filter hands mail over from; nobody else's field is read.",
      sample: '["127.0.0.1"]',
    }),
    malware: meaning("malware: nothing overrides it", "infected*"),
    high_confidence_phish: meaning("phishing beyond doubt: nothing overrides it", "phishing"),
    phish: meaning("phishing", "suspected phishing"),
    spam: meaning("spam", "spam"),
    bulk: meaning("bulk mail, which is treated as spam", "bulk"),
    clean: meaning("that nothing was found", "clean"),
  }),
  "filters",
  ["name"],
);

const ruleWanted = 'a mail flow rule: "when CONDITION then ACTION"';
const ruleText = z
  .string({ error: ruleWanted })
  .max(limits.ruleCharactersMax, { error: `at most ${limits.ruleCharactersMax} characters` })
  .transform((input, context) => {
    const parsed = parseRule(input);
    if (parsed.status === "read") return parsed.rule;
    context.issues.push({ code: "custom", message: `a rule that can be read: ${faultText(parsed.fault)}`, input });
    return z.NEVER;
  })
  .register(wantedWords, { wanted: ruleWanted });

export const rules = tablesOf(
  table({
    name: entryName.meta({ description: "What the rule is called in explanations and reports.", sample: '"partner"' }),
    text: ruleText.meta({
      description: "Conditions and actions, in the grammar of mail flow rules.",
      sample: `'when from in example.com and dmarc is fail then quarantine'`,
    }),
    mode: oneOf(["observe", "enforce"]).nullable().default(null).meta({
      description: "observe: this rule is evaluated and told of, and does nothing.",
      sample: '"observe"',
      unset: "as policy.enforce.rules",
    }),
  }),
  "rules",
  ["name"],
);

const accounts = tablesOf(
  table({
    login: text("a login name without spaces", values.login)
      .nullable()
      .default(null)
      .meta({ description: "Name that the sender logs in with; or none, and networks instead.", sample: '"ada@contoso.com"' }),
    networks: listOf(network, "a list of networks").meta({ description: "Addresses of a relay that does not log in.", sample: "[]" }),
    addresses: listOf(text('an address, such as "ada@contoso.com"', values.mailAddress), "a list of addresses").meta({
      description: "Addresses that it may write in From.",
      sample: '["ada@contoso.com"]',
    }),
    domains: listOf(text('a domain, "*.contoso.com" for those below it, or "*" for any', values.domainPattern), "a list of domains").meta({
      description: "Domains that it may write in From; *.contoso.com: those below; *: any, as a list server needs.",
      sample: "[]",
    }),
  }),
  "outbound.accounts",
  ["login"],
);

export const outbound = table({
  days: whole({ min: 1, max: 365 })
    .default(limits.journalDays)
    .describe("How long the hashes of sent Message-IDs and recipients are kept, to know bounces and answers."),
  accounts: accounts.describe("What accounts and relays may write in From; of one that is not listed nothing is laid down."),
});
