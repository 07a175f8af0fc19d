/**
 * The configuration, once: this schema is the source of the type, the defaults, the accepted values and the help of every key.
 * Keys are written as in the file. A message in it says what is wanted there; load.ts adds where and what was found.
 * It knows no file and no environment.
 */
import { z } from "zod";
import * as values from "./values.ts";

export type Config = z.output<typeof configSchema>;

/** A text that `parse` understands. */
function text<T>(wanted: string, parse: (text: string) => T | null) {
  return z.string({ error: wanted }).transform((input, context): T => {
    const value = parse(input);
    if (value !== null) return value;
    context.issues.push({ code: "custom", message: wanted, input });
    return z.NEVER;
  });
}

function listOf<T extends z.ZodType>(item: T, wanted: string) {
  return z.array(item, { error: wanted }).readonly().default([]);
}

function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: words.map((word) => `"${word}"`).join(" or ") });
}

function table<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, { error: "a table" }).readonly();
}

const authservId = text('a name without spaces, quotes or brackets, such as "mx.contoso.com"', values.authservId);
const domainName = text('a domain name, such as "contoso.com"', values.domainName);
const hostPort = text('HOST:PORT, such as "127.0.0.1:8890" or "[::1]:8890"', values.hostPort);
const networks = 'a network or an address, such as "192.0.2.0/24" or "2001:db8::1"';
const network = text(networks, values.network);

const domain = table({
  name: domainName.describe("Accepted domain: mail to it is inbound."),
  ipv6: z.boolean({ error: "true or false" }).default(false).describe("Accepts anonymous mail over IPv6 for this domain: opt in."),
});

const domains = z
  .array(domain, { error: "tables [[domains]]" })
  .superRefine((list, context) => {
    list.forEach(({ name }, index) => {
      if (list.findIndex((other) => other.name === name) === index) return;
      context.addIssue({ code: "custom", message: "each domain once", path: [index, "name"], input: name });
    });
  })
  .readonly()
  .default([]);

const listen = table({
  milter: text('"inet:HOST:PORT" or "unix:/PATH"', values.endpoint)
    .nullable()
    .default(null)
    .describe("Milter door, for Postfix and Sendmail."),
  smtp: table({
    address: hostPort.describe("Where the SMTP proxy listens."),
    next_hop: hostPort.describe("Where it passes mail on to."),
  })
    .nullable()
    .default(null)
    .describe("SMTP proxy door."),
  http: hostPort.nullable().default(null).describe("HTTP API and console."),
});

const memory = table({
  url: text('"sqlite:PATH" or "postgres://…"', values.memoryUrl)
    .nullable()
    .default(null)
    .describe("Store of history, entries and journal; without it nothing is remembered."),
});

const dns = table({
  servers: listOf(
    text('the address of a DNS server, such as "127.0.0.1" or "[::1]:5353"', values.dnsServer),
    "a list of DNS servers",
  ).describe("DNS servers to ask, in this order; none: the system's."),
});

const trust = table({
  networks: listOf(network, "a list of networks").describe("Relays of ours: their Received fields are passed over."),
  hops: listOf(network, "a list of networks").describe("Gateways in front of us whose Received names the true client."),
  sealers: listOf(domainName, "a list of domain names").describe("Domains whose ARC seals are believed."),
  authserv_ids: listOf(authservId, "a list of names").describe("Further names whose Authentication-Results are ours: removed on arrival."),
});

const policy = table({
  mode: oneOf(["observe", "enforce"]).default("observe").describe("observe: stamp and record, act on nothing."),
  preset: oneOf(["standard", "strict"]).default("standard").describe("Table of rules to start from."),
  profile: oneOf(["organization", "consumer"]).default("organization").describe("consumer: no entry that would accept."),
});

const stamp = table({
  format: oneOf(["rfc8601", "eop"]).default("rfc8601").describe("Wire shape of Authentication-Results."),
  compauth: z
    .boolean({ error: "true or false" })
    .default(true)
    .describe("Writes compauth= into the RFC 8601 form, an unregistered method."),
});

export const configSchema = table({
  authserv_id: authservId.nullable().default(null).describe("Name that stamps results: one per organization. Default: the host's name."),
  domains: domains.describe("Accepted domains; none: every recipient is ours."),
  listen: listen.prefault({}).describe("Doors that `assay serve` opens."),
  memory: memory.prefault({}).describe("Where history is kept."),
  dns: dns.prefault({}).describe("Which DNS is asked."),
  trust: trust.prefault({}).describe("Whose word is believed."),
  policy: policy.prefault({}).describe("What is done about a verdict."),
  stamp: stamp.prefault({}).describe("How results are written into messages."),
});

/** Every key that a file can hold, with its help: `trust.networks`, `domains[].name`. Tables are listed too. */
export function knownKeys(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const walk = (schema: unknown, path: string): void => {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray) walk(inner.element, `${path}[]`);
    if (!(inner instanceof z.ZodObject)) return;
    for (const [key, member] of Object.entries(inner.shape)) {
      const here = path === "" ? key : `${path}.${key}`;
      found.set(here, member instanceof z.ZodType ? (member.description ?? "") : "");
      walk(member, here);
    }
  };
  walk(configSchema, "");
  return found;
}

function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.unwrap();
  }
  return inner;
}
