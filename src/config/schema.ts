/**
 * The configuration, once: this schema is the source of the type, the defaults, the accepted values, the help of every key, the sample
 * and the documentation. Keys are written as in the file. A message in it says what is wanted there; load.ts adds where and what was
 * found; mistakes that take two keys are in conflicts.ts. It knows no file and no environment.
 */
import type { z } from "zod";
import { http, listen, log, milter, serve, smtp } from "./door-keys.ts";
import { authservId, domains, filters, outbound, rules, tenants, trust } from "./entry-keys.ts";
import { listOf, table, text } from "./forms.ts";
import { history, journal, policy, stamp } from "./policy-keys.ts";
import * as values from "./values.ts";

export type Config = z.output<typeof configSchema>;

const memory = table({
  url: text('"sqlite:PATH" or "postgres://…"', values.memoryUrl)
    .nullable()
    .default(null)
    .meta({ description: "Store of history, entries and journal; without it nothing is remembered.", sample: '"sqlite:assay.db"' }),
});

const dns = table({
  servers: listOf(text('the address of a DNS server, such as "127.0.0.1" or "[::1]:5353"', values.dnsServer), "a list of DNS servers").meta(
    {
      description: "DNS servers to ask, in this order; none: the system's.",
      sample: '["127.0.0.1"]',
    },
  ),
});

export const configSchema = table({
  authserv_id: authservId.nullable().default(null).meta({
    description: "Name that stamps results: one per organization. Default: the host's name.",
    sample: '"mx.contoso.com"',
  }),
  domains: domains.describe("Accepted domains; none: every recipient is ours."),
  tenants: tenants.describe("Organizations that share this installation; none: there is one, and [[domains]] are its own."),
  listen: listen.prefault({}).describe("Doors that `assay serve` opens."),
  milter: milter.prefault({}).describe("Habits of the milter doors."),
  smtp: smtp.prefault({}).describe("Habits of the SMTP proxy doors."),
  http: http.prefault({}).describe("Who may use the HTTP door, and for how much."),
  serve: serve.prefault({}).describe("The service as a whole."),
  log: log.prefault({}).describe("What is told while it runs."),
  memory: memory.prefault({}).describe("Where history is kept."),
  dns: dns.prefault({}).describe("Which DNS is asked."),
  trust: trust.prefault({}).describe("Whose word is believed."),
  policy: policy.prefault({}).describe("What is done about a verdict."),
  history: history.prefault({}).describe("Numbers of sender history; all are our own choice."),
  filters: filters.describe("Other filters whose verdicts count."),
  rules: rules.describe("Mail flow rules, in the order in which they are tried."),
  outbound: outbound.prefault({}).describe("Mail of our own: what may stand in From, and how long it is remembered."),
  journal: journal.prefault({}).describe("Record of decisions, for replay and readiness."),
  stamp: stamp.prefault({}).describe("How results are written into messages."),
});
