/**
 * Debian's Postfix for tests: an instance of its own in a folder of its own, on free ports of loopback, in the foreground. Nothing of the
 * machine's Postfix is touched, no name is asked, nothing leaves the machine: every recipient, ours or not, ends in one maildir.
 * The client's address is what a test says with XCLIENT.
 */
import { spawnSync } from "node:child_process";
import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Child, freePorts, newFolder, startChild, until, untilGreeting } from "./child.ts";
import { messagesBelow } from "./maildir.ts";

export type Postfix = {
  readonly port: number;
  /** Folder of main.cf and master.cf. */
  readonly etc: string;
  /** Takes mail for everywhere, as from our own users. */
  readonly submissionPort: number;
  /** All messages that were delivered so far. */
  delivered(): readonly Buffer[];
  queue(): readonly Queued[];
  /** Takes a message out of the queue. */
  remove(queueId: string): void;
  /** Resolves when nothing is on its way: what is left in the queue is held or deferred. */
  settled(): Promise<void>;
  log(): string;
  /** Ends it and takes its files away. */
  stop(): Promise<void>;
  /** All its processes at once; the queue stays. */
  kill9(): Promise<void>;
  /** After kill9, with the same queue and ports. */
  start(): Promise<void>;
};

export type Queued = {
  readonly queue: "active" | "incoming" | "deferred" | "hold" | "maildrop";
  readonly id: string;
  readonly sender: string;
  readonly recipients: readonly { readonly address: string; readonly delayReason?: string }[];
};

export type PostfixOptions = {
  /** For smtpd_milters, such as `inet:127.0.0.1:8891`. */
  readonly milter?: string;
  readonly submissionMilter?: string;
  /** Further settings of main.cf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further settings of the submission service. */
  readonly submissionSettings?: Readonly<Record<string, string>>;
  /** The domains that the front service takes mail for. */
  readonly domains?: readonly string[];
};

export async function startPostfix(options: PostfixOptions = {}): Promise<Postfix> {
  const folder = newFolder("postfix");
  const [port = 0, submissionPort = 0] = await freePorts(2);
  const log = () => (existsSync(join(folder.path, "log")) ? readFileSync(join(folder.path, "log"), "utf8") : "");
  let child: Child | null = null;
  const start = async () => {
    child = startChild("/usr/lib/postfix/sbin/master", { args: ["-c", join(folder.path, "etc"), "-s"] });
    const about = () => log().slice(-3000);
    await untilGreeting(port, { child, about });
    await untilGreeting(submissionPort, { child, about });
  };
  const queue = () => queued(folder.path);
  const postfix: Postfix = {
    port,
    etc: join(folder.path, "etc"),
    submissionPort,
    start,
    queue,
    remove: (queueId) => {
      const run = spawnSync("/usr/sbin/postsuper", ["-c", join(folder.path, "etc"), "-d", queueId], { encoding: "utf8", timeout: 30_000 });
      if (run.status !== 0) throw new Error(`postsuper: ${run.stderr}`);
    },
    log,
    delivered: () => messagesBelow(join(folder.path, "mail")),
    settled: async () => {
      const isMoving = () => queue().some(({ queue: name }) => name !== "hold" && name !== "deferred");
      await until(() => !isMoving(), { about: () => JSON.stringify(queue()), seconds: 60 });
    },
    kill9: async () => child?.kill9(),
    stop: async () => {
      await child?.stop();
      folder.remove();
    },
  };
  try {
    configure(folder.path, { ...options, port, submissionPort });
    await start();
  } catch (error) {
    await postfix.stop();
    throw error;
  }
  return postfix;
}

type Setup = PostfixOptions & { readonly port: number; readonly submissionPort: number };

function configure(folder: string, setup: Setup): void {
  const etc = join(folder, "etc");
  for (const name of ["etc", "queue", "data", "mail"]) mkdirSync(join(folder, name));
  const [uid, gid] = postfixIds();
  chownSync(join(folder, "data"), uid, gid);
  chownSync(join(folder, "mail"), nobody, nobody);
  for (const name of ["postfix-files", "post-install", "postfix-script"]) copyFileSync(`/etc/postfix/${name}`, join(etc, name));
  writeFileSync(join(etc, "master.cf"), masterCf(setup));
  const settings = Object.entries({ ...mainCf(folder, setup), ...setup.settings });
  writeFileSync(join(etc, "main.cf"), settings.map(([name, value]) => `${name} = ${value}\n`).join(""));
  // Makes the folders of the queue, with their owners.
  const check = spawnSync("/usr/sbin/postfix", ["-c", etc, "check"], { encoding: "utf8", timeout: 30_000 });
  if (check.status !== 0) throw new Error(`postfix check: ${check.stdout}${check.stderr}`);
}

const nobody = 65534;

/** User and group of the server's processes. */
export function postfixIds(): readonly [number, number] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((one) => one.startsWith("postfix:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return [Number(uid), Number(gid)];
}

/** Debian's services, none in a chroot; the two that take mail are ours. */
function masterCf({ port, submissionPort, submissionMilter, submissionSettings }: Setup): string {
  const services = readFileSync("/etc/postfix/master.cf.proto", "utf8")
    .split("\n")
    .filter((line) => !line.startsWith("#") && !/^smtp +inet/.test(line))
    .map((line) => line.replace(/^([a-z]+ +(?:unix|unix-dgram|fifo) +[-yn] +[-yn] +)[-y]/, "$1n"));
  const submission = {
    syslog_name: "postfix/submission",
    smtpd_milters: submissionMilter ?? "",
    milter_macro_daemon_name: "ORIGINATING",
    smtpd_relay_restrictions: "check_client_access static:permit, reject",
    smtpd_recipient_restrictions: "check_client_access static:permit, reject",
    ...submissionSettings,
  };
  return [smtpd(port, {}), smtpd(submissionPort, submission), ...services, ""].join("\n");
}

function smtpd(port: number, settings: Readonly<Record<string, string>>): string {
  const options = Object.entries(settings).map(([name, value]) => `  -o { ${name} = ${value} }`);
  return [`127.0.0.1:${port} inet n - n - 300 smtpd`, ...options].join("\n");
}

function mainCf(folder: string, { milter, domains = ["inbound.test"] }: Setup): Readonly<Record<string, string>> {
  return {
    compatibility_level: "3.6",
    config_directory: join(folder, "etc"),
    queue_directory: join(folder, "queue"),
    data_directory: join(folder, "data"),
    daemon_directory: "/usr/lib/postfix/sbin",
    command_directory: "/usr/sbin",
    mail_owner: "postfix",
    setgid_group: "postdrop",
    maillog_file: join(folder, "log"),
    maillog_file_prefixes: folder,
    myhostname: "mx.test",
    mydestination: "",
    inet_interfaces: "127.0.0.1",
    inet_protocols: "all",
    alias_maps: "",
    alias_database: "",
    local_recipient_maps: "",
    disable_dns_lookups: "yes",
    smtpd_peername_lookup: "no",
    mynetworks: "192.0.2.254/32",
    smtpd_relay_restrictions: "reject_unauth_destination",
    smtpd_recipient_restrictions: "reject_unauth_destination",
    smtpd_recipient_limit: "2000",
    smtpd_authorized_xclient_hosts: "127.0.0.1",
    smtpd_authorized_xforward_hosts: "127.0.0.1",
    smtpd_client_connection_count_limit: "0",
    smtpd_client_connection_rate_limit: "0",
    // Behind XCLIENT every client looks like one of ours at first, whose missing From would be put there before the milter sees it.
    local_header_rewrite_clients: "",
    // What a test sends wrong is answered at once.
    smtpd_error_sleep_time: "0",
    smtpd_soft_error_limit: "1000",
    smtpd_hard_error_limit: "2000",
    header_size_limit: "204800",
    message_size_limit: "104857600",
    mailbox_size_limit: "0",
    virtual_mailbox_limit: "0",
    virtual_mailbox_domains: domains.join(" "),
    virtual_mailbox_base: join(folder, "mail"),
    virtual_mailbox_maps: "static:all/",
    virtual_uid_maps: `static:${nobody}`,
    virtual_gid_maps: `static:${nobody}`,
    virtual_minimum_uid: "1",
    // Nothing leaves: what is addressed elsewhere ends in the same maildir.
    default_transport: "virtual",
    relay_transport: "virtual",
    default_process_limit: "300",
    milter_protocol: "6",
    milter_default_action: "tempfail",
    ...(milter === undefined ? {} : { smtpd_milters: milter }),
  };
}

function queued(folder: string): readonly Queued[] {
  const run = spawnSync("/usr/sbin/postqueue", ["-c", join(folder, "etc"), "-j"], { encoding: "utf8", timeout: 30_000, maxBuffer: 1e8 });
  if (run.status !== 0) throw new Error(`postqueue: ${run.stdout}${run.stderr}`);
  return run.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // Postfix writes the line; each has these keys.
      const { queue_name, queue_id, sender, recipients } = JSON.parse(line) as {
        queue_name: Queued["queue"];
        queue_id: string;
        sender: string;
        recipients: readonly { address: string; delay_reason?: string }[];
      };
      const to = recipients.map(({ address, delay_reason: delayReason }) =>
        delayReason === undefined ? { address } : { address, delayReason },
      );
      return { queue: queue_name, id: queue_id, sender, recipients: to };
    });
}
