/**
 * The answers of `assay init` as a commented assay.toml: the keys that were chosen, and commented out those that most installations come to
 * next, with the help of the schema. What is written is read back by loadConfig in the tests, each commented line taken in too.
 */
import { knownKeys } from "../../config/known-keys.ts";
import { tomlText } from "../../config/toml-text.ts";

export type MailServer = "postfix" | "sendmail" | "exim" | "other";

export type Answers = {
  readonly domains: readonly string[];
  readonly mailServer: MailServer;
  readonly authservId: string;
  /** Absolute path of the SQLite file; null: nothing is remembered. */
  readonly memory: string | null;
  /** Null: the system's. */
  readonly dns: string | null;
};

/** TOML has all keys of the root before its first table. */
export function initText(answers: Answers): string {
  const sections = [head(answers), domains(answers), doors(answers), memory(answers), dns(answers), trust(), policy(), stamp()];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function head({ authservId }: Answers): readonly string[] {
  return [
    "# Assay. Every other key: assay config sample. What is in force: assay config print FILE.",
    "# After a change: assay config check FILE, then reload (systemctl reload assay).",
    "",
    ...help("authserv_id"),
    `authserv_id = ${tomlText(authservId)}`,
  ];
}

function domains({ domains: names }: Answers): readonly string[] {
  return names.flatMap((name, index) => [
    ...(index === 0 ? [] : [""]),
    "[[domains]]",
    `name = ${tomlText(name)}`,
    ...(index === 0 ? help("domains[].ipv6") : []),
    "#ipv6 = true",
  ]);
}

function doors({ mailServer }: Answers): readonly string[] {
  const http = [...help("listen.http"), 'http = "127.0.0.1:8890"'];
  if (mailServer === "postfix" || mailServer === "sendmail") {
    const daemons = mailServer === "postfix" ? ["ORIGINATING"] : ["MSA", "MSP-v4", "MSP-v6"];
    return [
      "[listen]",
      ...help("listen.milter"),
      'milter = "inet:127.0.0.1:8891"',
      ...help("listen.submission_milter"),
      '#submission_milter = "inet:127.0.0.1:8892"',
      ...http,
      "",
      "[milter]",
      ...help("milter.outbound_daemons"),
      `outbound_daemons = ${tomlText(daemons)}`,
      ...help("milter.hold"),
      "#hold = true",
    ];
  }
  return [
    "[listen]",
    ...help("listen.smtp"),
    ...comment('To be in front of the mail server: address = "0.0.0.0:25", and the mail server at the next hop.'),
    'smtp = { address = "127.0.0.1:2525", next_hop = "127.0.0.1:2526" }',
    ...http,
    "",
    "[smtp]",
    ...help("smtp.hostname"),
    '#hostname = "mx.contoso.com"',
    ...help("smtp.tls_certificate"),
    '#tls_certificate = "/etc/assay/mx.pem"',
    '#tls_key = "/etc/assay/mx.key"',
  ];
}

function memory({ memory: path }: Answers): readonly string[] {
  return [
    "[memory]",
    ...help("memory.url"),
    path === null ? '#url = "sqlite:/var/lib/assay/assay.db"' : `url = ${tomlText(`sqlite:${path}`)}`,
  ];
}

function dns({ dns: server }: Answers): readonly string[] {
  return ["[dns]", ...help("dns.servers"), server === null ? '#servers = ["127.0.0.1"]' : `servers = ${tomlText([server])}`];
}

function trust(): readonly string[] {
  return [
    "[trust]",
    ...help("trust.networks"),
    '#networks = ["192.0.2.0/28"]',
    ...help("trust.hops"),
    '#hops = ["192.0.2.25"]',
    ...help("trust.sealers"),
    '#sealers = ["lists.example"]',
  ];
}

function policy(): readonly string[] {
  return [
    "[policy]",
    ...help("policy.mode"),
    ...comment("Begin so; after a week or two `assay readiness` says rule by rule what acting would have done."),
    'mode = "observe"',
    "",
    ...comment("Rules that may act before the others do, each where readiness is clear:"),
    "[policy.enforce]",
    "#dmarc_reject = true",
    "#dmarc_quarantine = true",
    "#spoof = true",
  ];
}

function stamp(): readonly string[] {
  return ["[stamp]", ...help("stamp.format"), '#format = "eop"'];
}

/** The schema's own words on a key. */
function help(path: string): readonly string[] {
  return comment(knownKeys.get(path)?.help ?? "");
}

function comment(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= 110) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
