/**
 * Exim: Assay stands in front of it as an SMTP proxy. Exim 4.96 has no milter, and its spam condition (spamd_address with variant=rspamd,
 * docs/exim.md) is asked at the end of DATA alone and can take out fields by their name alone; so the proxy is the way that does the same as
 * with the other servers. Exim then listens on loopback, and every client has Assay's address: an entry that lets 127.0.0.1 relay would make
 * it an open relay, which the lines for the ACL prevent.
 */
import { join } from "node:path";
import type { Endpoint } from "../../../config/values.ts";
import type { Edit, Place } from "./edits.ts";
import type { Machine } from "./machine.ts";
import { isLoopback, placeText, type Wanted } from "./wanted.ts";

export type EximPlan = {
  /** What Exim listens at. */
  readonly listen: string;
  /** For the top of the ACL that acl_smtp_rcpt names. */
  readonly acl: readonly string[];
  readonly edits: readonly Edit[];
  readonly notes: readonly string[];
  readonly faults: readonly string[];
};

const template = "exim4.conf.template";
const checkRcpt = join("conf.d", "acl", "30_exim4-config_check_rcpt");
const debconf = "update-exim4.conf.conf";

export function eximPlaces(directory: string): readonly Place[] {
  return [debconf, template, checkRcpt].map((name) => ({ kind: "block", path: join(directory, name), comment: "#" }));
}

export function planExim(wanted: Wanted, directory: string, machine: Pick<Machine, "read" | "list">): EximPlan {
  const { smtp } = wanted;
  const next = smtp?.next_hop.endpoint;
  if (smtp === null || next === undefined || next.kind !== "inet" || smtp.next_hop.protocol !== "smtp") {
    const fault = 'the configuration opens no door for Exim: set listen.smtp = { address = "0.0.0.0:25", next_hop = "127.0.0.1:2526" }';
    return { listen: "", acl: [], edits: [], notes: [], faults: [fault] };
  }
  const listen = `${next.host}.${next.port}`;
  const acl = aclLines(next.port);
  return {
    listen,
    acl,
    edits: editsOf({ directory, listen, acl, machine }),
    notes: notesOf(wanted, next),
    faults: faultsOf(directory, machine),
  };
}

function aclLines(port: number): readonly string[] {
  return [
    "  # What comes from Assay is never relayed, whatever its address may do elsewhere.",
    "  deny",
    `    condition = \${if eq {$received_port}{${port}}}`,
    "    !domains = +local_domains : +relay_to_domains",
    "    message = relay not permitted",
  ];
}

type Edited = {
  readonly directory: string;
  readonly listen: string;
  readonly acl: readonly string[];
  readonly machine: Pick<Machine, "read" | "list">;
};

/** Debian's files: settings that it makes Exim's configuration of, and the ACL in both of its forms. */
function editsOf({ directory, listen, acl, machine }: Edited): readonly Edit[] {
  const inAcl = [template, checkRcpt].filter((name) => machine.read(join(directory, name)) !== null);
  return [
    { kind: "block", path: join(directory, debconf), comment: "#", lines: [`dc_local_interfaces='${listen}'`], at: null },
    ...inAcl.map((name): Edit => {
      const at = { side: "below", patterns: [/^acl_check_rcpt:\s*$/] } as const;
      return { kind: "block", path: join(directory, name), comment: "#", lines: acl, at };
    }),
  ];
}

function faultsOf(directory: string, machine: Pick<Machine, "read" | "list">): readonly string[] {
  const settings = machine.read(join(directory, debconf));
  if (settings === null)
    return [`${join(directory, debconf)} is not there: this is not Debian's arrangement of Exim, so copy the lines to where they belong`];
  const [first = ""] = [...settings.matchAll(/^dc_local_interfaces='([^']*)'/gm)].map(([, value]) => value);
  const faults: string[] = [];
  if (/\.[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f:]\.[0-9]+$/i.test(first)) {
    faults.push(`dc_local_interfaces in ${debconf} names ports already (${first}): set it by hand`);
  }
  const folder = join(directory, "conf.d", "main");
  const ports = machine.list(folder).filter((name) => /^\s*daemon_smtp_ports\s*=/m.test(machine.read(join(folder, name)) ?? ""));
  if (ports.length > 0)
    faults.push(
      `${ports.join(", ")} in ${folder} sets daemon_smtp_ports: an interface with a port overrides it, so set local_interfaces by hand`,
    );
  return faults;
}

function notesOf({ smtp, submissionSmtp }: Wanted, next: Extract<Endpoint, { kind: "inet" }>): readonly string[] {
  const address = smtp === null ? "" : placeText(smtp.address);
  return [
    ...(smtp?.address.port === 25
      ? []
      : [
          `Assay listens at ${address}: mail from outside comes to port 25, so set address = "0.0.0.0:25" in listen.smtp when you switch over.`,
        ]),
    ...(isLoopback(next.host) ? [] : [`Exim is reached at ${placeText(next)}: let nobody but Assay connect there.`]),
    "To Exim every client is Assay: what it does by the client's address (DNS lists, verify = reverse_host_lookup, rate limits, hosts =, SPF) belongs off there, or in front.",
    "Exim 4.96 has no XCLIENT; X-Assay-Report names the true client (CIP:).",
    submissionSmtp === null
      ? "Submission (ports 587 and 465) stays with Exim on an interface of its own; Assay has no login."
      : `Submission comes through Assay too, at ${placeText(submissionSmtp.address)}.`,
  ];
}
