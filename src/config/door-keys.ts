/**
 * The tables of the configuration that say how `assay serve` takes mail: where it listens, and the limits and habits of each door. What is
 * decided about mail is in policy-keys.ts.
 */
import { limits } from "../base/limits.ts";
import { listOf, oneOf, table, text, whole, yesOrNo } from "./forms.ts";
import * as values from "./values.ts";

const hostPort = text('HOST:PORT, such as "127.0.0.1:8890" or "[::1]:8890"', values.hostPort);
const endpoint = text('"inet:HOST:PORT" or "unix:/PATH"', values.endpoint);
const nextHop = text('"HOST:PORT", "lmtp:HOST:PORT" or "lmtp:unix:/PATH"', values.nextHop);
const network = text('a network or an address, such as "192.0.2.0/24" or "2001:db8::1"', values.network);
const path = text('an absolute path, such as "/etc/assay/mx.pem"', values.absolutePath);

function proxy(sample: { readonly address: string; readonly next_hop: string }) {
  return table({
    address: hostPort.meta({ description: "Where the SMTP proxy listens.", sample: JSON.stringify(sample.address) }),
    next_hop: nextHop.meta({ description: "Where it passes mail on to.", sample: JSON.stringify(sample.next_hop) }),
  })
    .nullable()
    .default(null);
}

export const listen = table({
  milter: endpoint.nullable().default(null).meta({
    description: "Milter door, for Postfix and Sendmail.",
    sample: '"inet:127.0.0.1:8891"',
  }),
  submission_milter: endpoint.nullable().default(null).meta({
    description: "Milter door for the submission service: all its mail is our own users', and outbound.",
    sample: '"inet:127.0.0.1:8892"',
  }),
  smtp: proxy({ address: "127.0.0.1:2525", next_hop: "127.0.0.1:2526" }).meta({
    description: "SMTP proxy door.",
    sample: '{ address = "127.0.0.1:2525", next_hop = "127.0.0.1:2526" }',
  }),
  submission_smtp: proxy({ address: "127.0.0.1:2587", next_hop: "127.0.0.1:2588" }).meta({
    description: "SMTP proxy door for submission: all its mail is our own users', and outbound.",
    sample: '{ address = "127.0.0.1:2587", next_hop = "127.0.0.1:2588" }',
  }),
  http: hostPort.nullable().default(null).meta({ description: "HTTP API and console.", sample: '"127.0.0.1:8890"' }),
});

const daemonName = text("the name of a daemon: letters, digits and _ . -", (name: string) =>
  /^[A-Za-z0-9_.-]{1,64}$/.test(name) ? name : null,
);

export const milter = table({
  outbound_daemons: listOf(daemonName, "a list of names").meta({
    description: "Services of the mail server whose mail is our own users' ({daemon_name}; Postfix: milter_macro_daemon_name).",
    sample: '["ORIGINATING"]',
  }),
  hold: yesOrNo()
    .default(false)
    .describe("What is to be quarantined waits in the mail server's queue until released (assay held); false: it is delivered as junk."),
  hold_alarm_messages: whole({ min: 1, max: 1_000_000 }).default(100).describe("Held messages above which an alarm is raised."),
  hold_alarm_hours: whole({ min: 1, max: 8760 }).default(24).describe("Age of a held message above which an alarm is raised."),
});

export const smtp = table({
  hostname: text('a host name, such as "mx.contoso.com"', values.domainName).nullable().default(null).meta({
    description: "Name in the greeting and towards the next hop. Default: the host's name.",
    sample: '"mx.contoso.com"',
  }),
  tls_certificate: path
    .nullable()
    .default(null)
    .meta({ description: "Certificate chain (PEM) for STARTTLS.", sample: '"/etc/assay/mx.pem"' }),
  tls_key: path.nullable().default(null).meta({ description: "Its private key (PEM).", sample: '"/etc/assay/mx.key"' }),
  next_hop_tls: oneOf(["opportunistic", "verify", "off"])
    .default("opportunistic")
    .describe("TLS towards the next hop: where it is offered, only with a valid certificate, or never."),
  forward_client: oneOf(["auto", "xclient", "xforward", "off"])
    .default("auto")
    .describe("How the next hop is told of the client: what it offers (XCLIENT before XFORWARD), one of them, or nothing."),
  xclient_from: listOf(network, "a list of networks").meta({
    description: "Who may say with XCLIENT or XFORWARD whose connection it really is.",
    sample: '["127.0.0.1"]',
  }),
  connections_per_client: whole({ min: 0, max: 100_000 })
    .default(limits.proxyClientConnections)
    .describe(
      "Connections that one address, or one /64 of IPv6, may have at once, in each process; hosts of ours any number. 0: no limit.",
    ),
  message_bytes_max: whole({ min: 64 * 1024, max: 2 ** 31 })
    .default(50 * 1024 * 1024)
    .describe("Size above which a message is refused (SIZE)."),
  memory_bytes_max: whole({ min: 4096, max: 64 * 1024 * 1024 })
    .default(limits.proxyMemoryBytesMax)
    .describe("What is kept of one message in memory; the rest is spooled to a file until the next hop has it."),
  spool: path
    .nullable()
    .default(null)
    .meta({ description: "Folder of that file. Default: the system's for temporary files.", sample: '"/var/spool/assay"' }),
});

export const http = table({
  tokens: listOf(text('"sha256:" and 64 hexadecimal digits', values.tokenDigest), "a list of digests of tokens").meta({
    description: "Digests of the tokens that may use the API: printf %s TOKEN | sha256sum. None: the API answers on loopback alone.",
    sample: "[]",
  }),
  message_bytes_max: whole({ min: 64 * 1024, max: 2 ** 31 })
    .default(50 * 1024 * 1024)
    .describe("Size above which a message is refused (413)."),
});

export const serve = table({
  workers: whole({ min: 1, max: 64 }).default(1).describe("Processes that share the doors' ports."),
  connections_max: whole({ min: 1, max: 100_000 }).default(1000).describe("Connections that a door serves at once, in each process."),
  messages_max: whole({ min: 1, max: 100_000 })
    .default(500)
    .describe("Messages that are inspected at once, in each process; one more is told to come again."),
  drain_seconds: whole({ min: 0, max: 3600 }).default(30).describe("How long connections may finish when the service ends."),
  deferrals_max: whole({ min: 0, max: 100 })
    .default(limits.deferralsMax)
    .describe("How often one message is told to come again because it cannot be decided; then it is accepted, marked. 0: at once."),
});

export const log = table({
  level: oneOf(["error", "warn", "info", "debug"]).default("info").describe("What is logged; info has one line a message."),
});
