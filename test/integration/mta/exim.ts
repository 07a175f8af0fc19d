/**
 * Debian's Exim for tests, unpacked (fetch.sh), as the server behind the proxy: it takes mail for everywhere, refuses the recipients whose
 * local part begins with "refused", and delivers into one maildir. It asks no DNS. With a spam scanner it stands in front of Assay instead, and
 * at a second port a client names its address by the PROXY protocol.
 */
import { chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, newFolder, untilGreeting } from "./child.ts";
import { messagesBelow } from "./maildir.ts";
import { unpacked } from "./missing.ts";
import { startInside, withLines } from "./namespace.ts";

export type Exim = {
  readonly port: number;
  readonly proxiedPort: number;
  delivered(): readonly Buffer[];
  log(): string;
  stop(): Promise<void>;
};

/** Lines of Exim's main section, and an ACL of that name for the end of DATA. */
export type SpamScanner = { readonly main: string; readonly acl: string };

/** No user of the machine has it. */
const eximId = 64_999;

export async function startExim(scanner: SpamScanner = { main: "", acl: "" }): Promise<Exim> {
  const folder = newFolder("exim");
  const [port = 0, proxiedPort = 0] = await freePorts(2);
  for (const name of ["spool", "log", "mail", "etc"]) mkdirSync(join(folder.path, name));
  for (const name of ["spool", "log", "mail"]) chownSync(join(folder.path, name), eximId, eximId);
  withLines(folder.path, { name: "passwd", lines: [`Debian-exim:x:${eximId}:${eximId}::/mnt/spool:/usr/sbin/nologin`] });
  withLines(folder.path, { name: "group", lines: [`Debian-exim:x:${eximId}:`] });
  withLines(folder.path, { name: "hosts", lines: ["127.0.0.1 exim.test"] });
  writeFileSync(join(folder.path, "exim.conf"), eximConf([port, proxiedPort], scanner), { mode: 0o644 });
  const child = startInside(folder.path, {
    files: [
      { name: "passwd", at: "/etc/passwd" },
      { name: "group", at: "/etc/group" },
      { name: "hosts", at: "/etc/hosts" },
    ],
    command: [join(unpacked, "usr/sbin/exim4"), "-C", "/mnt/exim.conf", "-bdf", "-q10s"],
  });
  const log = () => `${child.output()}${["main", "panic", "reject"].map((name) => readLog(folder.path, name)).join("")}`;
  const stop = async () => {
    await child.stop();
    folder.remove();
  };
  try {
    await untilGreeting(port, { child, about: log });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, proxiedPort, log, stop, delivered: () => messagesBelow(join(folder.path, "mail")) };
}

function readLog(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, "log", `${name}log`), "utf8");
  } catch {
    return "";
  }
}

function eximConf([port, proxiedPort]: readonly [number, number], { main, acl }: SpamScanner): string {
  return `primary_hostname = exim.test
exim_path = ${join(unpacked, "usr/sbin/exim4")}
spool_directory = /mnt/spool
log_file_path = /mnt/log/%slog
pid_file_path = /mnt/spool/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port} : ${proxiedPort}
hosts_proxy = \${if eq {$received_port}{${proxiedPort}}{127.0.0.1}{}}
deliver_drop_privilege
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
smtp_load_reserve = 1000
message_size_limit = 100M
acl_smtp_rcpt = on_rcpt
${main}
begin acl
${acl}
on_rcpt:
  deny local_parts = ^refused
       message = 5.1.1 this mailbox is refused by Exim
  accept
begin routers
all:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = /mnt/mail/all
  create_directory
  envelope_to_add
  return_path_add
`;
}
