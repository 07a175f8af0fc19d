/**
 * The Inspection as a schema (zod): what --json, HTTP and the journal promise, published as schema/inspection.schema.json by
 * `node scripts/inspection-schema.ts`. The library does not load it. The types in inspection.ts and this schema are held together
 * by the compiler (below) and by tests that parse real inspections strictly.
 */
import { z } from "zod";
import { fromAdvice, fromReasons } from "../evidence/from/result.ts";
import { outcomeOf, type SignatureReason } from "../evidence/signature/result.ts";
import { defectWords } from "../mail/defect.ts";
import { type Inspection, schemaVersion } from "./inspection.ts";

const text = z.string();
const maybe = z.string().nullable();
const count = z.int().min(0);
const method = z.strictObject({
  method: text,
  version: count.nullable(),
  result: text,
  reason: maybe,
  properties: z.array(z.strictObject({ ptype: text, property: text, value: text })).readonly(),
  comments: z.array(text).readonly(),
});

const transaction = z.strictObject({
  ip: maybe.describe("client address, RFC 5952 form; null where unknown"),
  ptr: maybe.describe("first confirmed name of the client"),
  helo: maybe,
  mailFrom: maybe.describe('without brackets; "" is the null path'),
  rcptTo: z.array(text).readonly(),
  tls: z.strictObject({ version: maybe, cipher: maybe, subject: maybe }).nullable(),
  authenticatedAs: maybe,
  listener: maybe,
  direction: z.enum(["inbound", "outbound"]),
  queueId: maybe,
  messageId: maybe,
  size: count.nullable().describe("bytes as received"),
  trustedHop: maybe,
});

const from = z.strictObject({
  result: z.enum(["valid", "invalid"]),
  reason: z.enum(fromReasons).nullable(),
  address: maybe,
  domain: maybe.describe("A-labels; given whenever one address can be read, also when the field is invalid"),
  displayName: maybe,
  advice: z.array(z.enum(fromAdvice)).readonly(),
  domains: z.array(text).readonly().describe("every author domain that can be read"),
});

const alignment = {
  aligned: z.boolean().describe("by DMARC: walk, strict or relaxed"),
  alignedBestGuess: z.boolean().describe("by the public suffix list"),
};

const iprev = z.strictObject({
  result: z.enum(["pass", "fail", "temperror", "permerror", "none"]),
  reason: z.enum(["no-client", "no-ptr", "not-confirmed", "ptr-dns", "forward-dns"]).nullable(),
  names: z.array(text).readonly(),
  confirmed: count,
  generic: z.boolean(),
});

const spfOutcomes = ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"] as const;
const spf = z.strictObject({
  identity: z.enum(["mailfrom", "helo"]),
  domain: maybe,
  result: z.enum(spfOutcomes),
  reason: z.enum([
    "matched",
    "default",
    "no-client",
    "no-domain",
    "path-syntax",
    "no-record",
    "several-records",
    "syntax",
    "include-none",
    "redirect-none",
    "term-limit",
    "void-limit",
    "mx-limit",
    "record-too-long",
    "dns",
    "budget",
    "deadline",
  ]),
  mechanism: maybe,
  explanation: maybe,
  lookups: count,
  voidLookups: count,
  broad: z.boolean(),
  ...alignment,
});

const signatureReasons = Object.keys(outcomeOf) as [SignatureReason, ...SignatureReason[]]; // the record's keys are exactly the union
const outcome = z.enum(["pass", "fail", "none"]);
const dkim = z.strictObject({
  result: z.enum(["pass", "fail", "policy", "neutral", "temperror", "permerror"]),
  reason: z.enum(signatureReasons).nullable(),
  headerResult: outcome,
  bodyResult: outcome,
  domain: maybe,
  selector: maybe,
  algorithm: maybe,
  keyBits: count.nullable(),
  bodyCovered: z.boolean().nullable(),
  signatureStart: maybe,
  comment: maybe,
  ...alignment,
});

const arc = z.strictObject({
  result: z.enum(["none", "pass", "fail", "temperror"]),
  reason: z.enum(["structure", "too-many-sets", "cv", "message-signature", "seal", "over-limit", "header-too-large", "dns"]).nullable(),
  oldestPass: count.nullable(),
  sets: z
    .array(
      z.strictObject({
        instance: count,
        sealer: maybe,
        cv: z.enum(["none", "pass", "fail"]).nullable(),
        results: z.strictObject({ authservId: maybe, version: count.nullable(), results: z.array(method).readonly() }).nullable(),
        bound: z.boolean(),
      }),
    )
    .readonly(),
  trusted: z.boolean(),
});

const policy = z.enum(["none", "quarantine", "reject"]);
const dmarcResult = z.enum(["pass", "fail", "none", "permerror", "temperror", "bestguesspass"]);
const dmarc = z.strictObject({
  result: dmarcResult,
  reason: z.enum([
    "aligned",
    "not-aligned",
    "nothing-passed",
    "no-record",
    "author",
    "record",
    "record-dns",
    "record-timeout",
    "identifier-dns",
    "existence-dns",
  ]),
  domain: maybe,
  policyDomain: maybe,
  publishedPolicy: policy.nullable(),
  policy: policy.nullable(),
  action: policy,
  alignedBy: z.enum(["dkim", "spf"]).nullable(),
  alternative: z.strictObject({ mode: z.enum(["rfc9989", "rfc7489"]), result: dmarcResult, policy: policy.nullable() }).nullable(),
  testing: z.boolean(),
  walked: z.array(text).readonly(),
});

const evidence = z.strictObject({
  defects: z.array(z.enum(defectWords)).readonly(),
  iprev,
  spf: z.array(spf).readonly(),
  dkim: z.array(dkim).readonly(),
  arc,
  dmarc,
  infrastructure: z.strictObject({
    ptrOrganization: maybe,
    confirmed: z.boolean(),
    generic: z.boolean(),
    prefix: maybe,
    shared: z.boolean().nullable(),
    fromMxHosts: z.array(text).readonly().nullable().describe("MX hosts of the From domain that are the client; null: not asked"),
    fromNeighbours: z
      .array(text)
      .readonly()
      .nullable()
      .describe("the From domain or its MX hosts, with an address in the client's /24 or /64; null: not asked"),
    fromSpf: z.enum(spfOutcomes).nullable().describe("SPF of the client for the From domain itself; null: not asked"),
    fromHostsUnknown: z.boolean().describe("a question for these hosts met a temporary error"),
  }),
  bounceOf: maybe,
});

const decayed = z.number().min(0).describe("decayed to `day`, half-life 30 days");
const dayNumber = count.nullable().describe("days since 1970-01-01 UTC");
const token = z.strictObject({
  kind: z.enum(["dkim", "spf", "ptr", "prefix", "helo", "tls", "mx"]),
  value: text,
  authenticated: decayed,
  signed: decayed,
  unauthenticated: decayed,
  days: count,
  recipients: count,
  answered: z.boolean(),
  complaints: decayed,
  firstDay: dayNumber,
  lastDay: dayNumber,
  organizations: count.describe("From organizations seen with it"),
  messages: decayed,
  failures: decayed,
  failedOrganizations: count,
  relayed: count.describe("established organizations whose verified mail it only carried"),
});
const contactHistory = z.strictObject({ wroteTo: decayed, heardFrom: decayed, firstDay: dayNumber });
const organizationHistory = z.strictObject({
  authenticated: decayed,
  signed: decayed,
  unauthenticated: decayed,
  days: count,
  firstDay: dayNumber,
  lastDay: dayNumber,
});
const pairEntries = z
  .array(
    z.strictObject({
      id: text,
      action: z.enum(["allow", "block", "confirmed"]),
      user: text,
      infrastructure: text,
      evenIfAuthenticated: z.boolean(),
      by: text,
    }),
  )
  .readonly()
  .describe("the operator's entries on pairs that match this message");
const history = z.discriminatedUnion("status", [
  z.strictObject({ status: z.literal("unavailable"), entries: pairEntries.optional() }),
  z.strictObject({
    status: z.literal("known"),
    day: count,
    organization: maybe,
    from: organizationHistory,
    carrier: contactHistory.describe("between people here and the organization that verifiably handed the message over; zeros without one"),
    tokens: z.array(token).readonly(),
    messages: decayed,
    contact: contactHistory,
    returnsOurs: z.boolean(),
    answersOurs: z.boolean(),
    entries: pairEntries,
  }),
]);

const texts = z.array(text).readonly();
const decisivePolicy = z.strictObject({
  profile: z.enum(["organization", "consumer"]),
  localSuffixes: texts,
  bypasses: z
    .array(
      z.strictObject({
        id: text,
        kind: z.enum(["ip-allow", "rule"]),
        client: texts.exactOptional(),
        mailFrom: texts.exactOptional(),
        recipient: texts.exactOptional(),
        by: text,
      }),
    )
    .readonly(),
  trustedHops: texts,
  trustedSealers: z.array(z.union([text, z.strictObject({ domain: text, for: texts.exactOptional() })])).readonly(),
  gateways: z.array(z.strictObject({ name: text, networks: texts })).readonly(),
  gatewayResult: z.strictObject({ gateway: text, result: z.enum(["pass", "fail", "none"]), from: text }).nullable(),
  acceptedDomains: texts,
  tenants: z.array(z.strictObject({ id: text, domains: texts })).readonly(),
  submittedBy: maybe,
  lastTry: z.boolean(),
  senderHistory: z
    .strictObject({
      high: z.number(),
      medium: z.number(),
      contradiction: z.number(),
      establishedMessages: z.number(),
      establishedDays: z.number(),
      establishedAge: z.number(),
      vouchMessages: z.number(),
      vouchByPtr: z.boolean(),
      tier2Days: z.number(),
      tier2Recipients: z.number(),
      tier2Organizations: z.number(),
      sharedOrganizations: z.number(),
      sharedMxOrganizations: z.number(),
      background: z.number(),
      novelty: z.number(),
      confidence: z.number(),
      weakMax: z.number(),
      contactMax: z.number(),
      carrierDays: z.number(),
      carrierMessages: z.number(),
      carrierMax: z.number(),
      bestGuess: z.number(),
      againstMax: z.number(),
      badOrganizations: z.number(),
    })
    .nullable(),
});

const facts = z
  .array(
    z.strictObject({
      id: text,
      fact: text,
      value: z.union([text, z.number(), z.boolean()]).nullable(),
      weight: z.number().nullable(),
      source: text,
    }),
  )
  .readonly();
const verdict = z.strictObject({
  compauth: z.enum(["pass", "softpass", "fail", "none"]),
  reason: z.string().regex(/^\d{3}$/),
  explanation: text,
  facts,
});

const actionKind = z.enum(["deliver", "junk", "quarantine", "reject", "tempfail"]);
const action = z.strictObject({
  kind: actionKind,
  smtp: z.strictObject({ code: z.int(), enhanced: text, text }).nullable(),
  withheld: z.boolean().describe("observe mode: the action is what would happen"),
  perRecipient: z.array(z.strictObject({ recipient: text, kind: actionKind })).readonly(),
});

const inspection = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  id: text,
  at: z.iso.datetime(),
  version: text,
  policyVersion: maybe,
  transaction,
  from,
  evidence,
  history: history.nullable(),
  policy: decisivePolicy.describe("what the verdict read of the policy"),
  verdict,
  standing: z.enum(["allowed", "good", "unknown", "suspicious", "blocked"]),
  suspicion: z.array(text).readonly(),
  marks: z.strictObject({
    unverified: z.boolean().describe("nobody vouches for the author: shown as ?"),
    via: maybe.describe("the domain that sent, where it is another's"),
  }),
  overrides: z.array(z.strictObject({ kind: text, scope: text, entry: text, by: text, applied: z.boolean() })).readonly(),
  action,
  actionFacts: facts.describe("what standing, suspicion and action rest on"),
  headers: z.array(text).readonly().describe("fields to put on top, topmost first"),
  removals: z
    .array(z.strictObject({ name: text, index: z.int().min(1), why: text }))
    .readonly()
    .describe("fields to take out: the n-th of that name, highest first"),
});

/** One inspection, strictly: an unknown key is an error. */
export const inspectionSchema: z.ZodType<Inspection> = inspection;

/** What is published: the inspection, and what `assay check --json` puts beside it on the line. */
export const publishedSchema = inspection.extend({
  source: z
    .strictObject({ file: text, index: count })
    .optional()
    .describe("where the message stands: file, - for standard input, and its place in an mbox"),
  read: z
    .strictObject({ ip: maybe, helo: maybe, mailFrom: maybe, tls: maybe })
    .optional()
    .describe("where in the message each part of the envelope was read; null where it was given or is not known"),
  trace: z
    .array(
      z.strictObject({
        lane: text,
        name: text,
        type: text,
        status: text,
        withheld: maybe,
        records: z.array(z.union([text, z.strictObject({ preference: count, exchange: text })])).readonly(),
        ttlSeconds: count.nullable(),
        authenticated: z.boolean(),
        ms: z.number(),
        left: count,
        repeated: z.boolean(),
      }),
    )
    .readonly()
    .optional()
    .describe("with --trace, every DNS question"),
});
