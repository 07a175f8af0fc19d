/**
 * Postfix: main.cf and master.cf as they are, and a configuration of ours → what is to be set, and why. Assay stands first among the
 * milters, so that it sees mail as it was sent; time-outs and what happens while it is down are given for it alone, in braces (Postfix 3.0
 * and later), so that other milters keep theirs, and Postfix 3.11's own default, to end the session (shutdown), never applies.
 * Pure: it reads no file and runs nothing.
 */
import type { Endpoint } from "../../../config/values.ts";
import { expanded, listItems, type MainCf, type Service } from "./postfix-files.ts";
import { isLoopback, placeText, reachable, type Wanted, waits } from "./wanted.ts";

export type PostfixFound = {
  readonly directory: string;
  readonly main: MainCf;
  readonly services: readonly Service[];
};

/** One setting. `value` null: it is not set. */
export type PostfixChange =
  | { readonly kind: "main"; readonly name: string; readonly value: string | null }
  | { readonly kind: "override"; readonly service: string; readonly name: string; readonly value: string | null }
  /** A whole service of master.cf. */
  | { readonly kind: "service"; readonly service: string; readonly value: string | null };

export type PostfixPlan = {
  readonly changes: readonly PostfixChange[];
  /** Milters and content filters that are called besides ours. */
  readonly called: readonly string[];
  readonly notes: readonly string[];
  /** Mail passes through Assay itself, so that no default action can let it by. */
  readonly isProxy: boolean;
  /** Why it cannot be written. */
  readonly faults: readonly string[];
};

export function planPostfix(wanted: Wanted, found: PostfixFound): PostfixPlan {
  const faults: string[] = [];
  const milter = wanted.milter === null ? null : placed(wanted.milter, "listen.milter", { found, faults });
  const submission =
    wanted.submissionMilter === null ? null : placed(wanted.submissionMilter, "listen.submission_milter", { found, faults });
  const ours = [milter, submission].filter((place) => place !== null);
  if (ours.length === 0 && wanted.smtp !== null && found.services.length > 0 && !found.services.some(isFront)) {
    faults.push("no service of master.cf takes mail from outside (smtp inet): set smtpd_proxy_filter by hand where it is taken");
  }
  if (ours.length === 0 && wanted.smtp === null && faults.length === 0) {
    faults.push('the configuration opens no door for Postfix: set listen.milter = "inet:127.0.0.1:8891"');
  }
  const others = listItems(found.main.get("smtpd_milters") ?? "").filter((item) => !ours.includes(placeOf(item)));
  const context: Context = { wanted, found, ours, others: others.join(", "), milter, submission };
  const isProxy = ours.length === 0 && faults.length === 0;
  const changes = isProxy && wanted.smtp !== null ? proxyChanges(wanted.smtp, found) : milterChanges(context);
  return { isProxy, changes: faults.length > 0 ? [] : changes, called: calledBy(found, ours), notes: notesOf(context), faults };
}

type Context = {
  readonly wanted: Wanted;
  readonly found: PostfixFound;
  /** Our milters as Postfix writes their places. */
  readonly ours: readonly string[];
  /** The other milters of smtpd_milters, as written. */
  readonly others: string;
  readonly milter: string | null;
  readonly submission: string | null;
};

function milterChanges(context: Context): readonly PostfixChange[] {
  const { wanted, found, others, milter } = context;
  const text = milter === null ? null : milterText(milter, wanted);
  const changes: PostfixChange[] = text === null ? [] : [{ kind: "main", name: "smtpd_milters", value: joined(text, others) }];
  const local = found.main.get("non_smtpd_milters");
  // Mail of the sendmail command has no client to judge, and a refusal of one recipient there loses the message.
  if (text !== null && local !== undefined && refersTo(local, "smtpd_milters")) {
    changes.push({ kind: "main", name: "non_smtpd_milters", value: local.replace(reference("smtpd_milters"), () => others) });
  }
  for (const service of found.services.filter(isSmtpd)) {
    if (isSubmission(service)) changes.push(...submissionChanges(service, context));
    else if (text !== null && isInbound(service)) changes.push(...ownListChanges(service, { ...context, text }));
  }
  return changes;
}

/** A submission service: its name in {daemon_name}, and where there is one, the milter for submission. */
function submissionChanges(service: Service, context: Context): readonly PostfixChange[] {
  const name = service.overrides.get("milter_macro_daemon_name") ?? originating;
  const daemon: PostfixChange = { kind: "override", service: service.id, name: "milter_macro_daemon_name", value: name };
  const { submission, milter, wanted } = context;
  if (submission !== null) return [daemon, ...listChanges(service, { ...context, text: milterText(submission, wanted) })];
  return milter === null ? [] : [daemon, ...ownListChanges(service, { ...context, text: milterText(milter, wanted) })];
}

/** A service with a list of its own does not look at that of main.cf. */
function ownListChanges(service: Service, context: Context & { readonly text: string }): readonly PostfixChange[] {
  const own = service.overrides.get("smtpd_milters");
  if (own === undefined || refersTo(own, "smtpd_milters") || isOff(service)) return [];
  return listChanges(service, context);
}

/** postconf -P takes no blanks, so the list stands in main.cf under a name of ours. */
function listChanges(service: Service, { found, ours, others, text }: Context & { readonly text: string }): readonly PostfixChange[] {
  const name = `assay_${service.name.replace(/[^A-Za-z0-9]/g, "_")}_milters`;
  const own = service.overrides.get("smtpd_milters");
  const before = own === `$${name}` ? (found.main.get(name) ?? "") : own;
  const rest =
    before === undefined
      ? others
      : listItems(before)
          .filter((item) => !ours.includes(placeOf(item)))
          .join(", ");
  return [
    // Our own list in main.cf begins with the milter for inbound mail, which must not see this service's mail too.
    {
      kind: "main",
      name,
      value: joined(
        text,
        rest.replace(reference("smtpd_milters"), () => others),
      ),
    },
    { kind: "override", service: service.id, name: "smtpd_milters", value: `$${name}` },
  ];
}

/** The before-queue filter: Postfix hands each message to Assay, and takes it back at a service of its own. */
function proxyChanges(smtp: NonNullable<Wanted["smtp"]>, { services, main }: PostfixFound): readonly PostfixChange[] {
  const at = placeText(reachable(smtp.address));
  const back = smtp.next_hop.endpoint;
  const front = services.filter(isFront);
  const changes: PostfixChange[] = (front.length === 0 ? ["smtp/inet"] : front.map(({ id }) => id)).flatMap((service): PostfixChange[] => [
    { kind: "override", service, name: "smtpd_proxy_filter", value: at },
    { kind: "override", service, name: "smtpd_proxy_timeout", value: `${waits.proxy}s` },
    // In front of a proxy milters see no content; the service that takes mail back has them.
    ...(listItems(main.get("smtpd_milters") ?? "").length === 0
      ? []
      : [{ kind: "override", service, name: "smtpd_milters", value: "" } as const]),
  ]);
  if (back.kind !== "inet" || smtp.next_hop.protocol !== "smtp") return changes;
  const id = `${placeText(back)}/inet`;
  const chroot = services.find(isSmtpd)?.chroot ?? "n";
  return services.some((service) => service.id === id) && !isOurs(id, services)
    ? changes
    : [...changes, { kind: "service", service: id, value: takingBack(placeText(back), chroot) }];
}

function isOurs(id: string, services: readonly Service[]): boolean {
  return services.some((service) => service.id === id && service.overrides.get("syslog_name") === takenBackName);
}
const takenBackName = "postfix/from-assay";

function takingBack(place: string, chroot: string): string {
  const trusted = "127.0.0.0/8,[::1]";
  const settings = [
    `syslog_name=${takenBackName}`,
    "smtpd_proxy_filter=",
    `smtpd_authorized_xforward_hosts=${trusted}`,
    // With XCLIENT the client would be the true one, whom the lines below refuse.
    "smtpd_authorized_xclient_hosts=",
    // The front service has asked all this of the client; here the client is Assay.
    "smtpd_client_restrictions=",
    "smtpd_helo_restrictions=",
    "smtpd_sender_restrictions=",
    "smtpd_relay_restrictions=permit_mynetworks,reject",
    "smtpd_recipient_restrictions=permit_mynetworks,reject",
    "smtpd_data_restrictions=",
    `mynetworks=${trusted}`,
    "smtpd_tls_security_level=none",
    "receive_override_options=no_unknown_recipient_checks",
  ];
  return [`${place} inet n - ${chroot} - - smtpd`, ...settings.map((setting) => `-o ${setting}`)].join(" ");
}

/** `{ inet:127.0.0.1:8891, connect_timeout=10s, … default_action=accept }` */
export function milterText(place: string, { whenDown }: Pick<Wanted, "whenDown">): string {
  const { connect, command, content } = waits;
  const parts = [
    place,
    `connect_timeout=${connect}s`,
    `command_timeout=${command}s`,
    `content_timeout=${content}s`,
    `default_action=${whenDown}`,
  ];
  return `{ ${parts.join(", ")} }`;
}

/** Where Postfix connects to, as it writes places. A socket file is named as smtpd sees it, which may be locked into the queue folder. */
function placed(at: Endpoint, key: string, { found, faults }: { found: PostfixFound; faults: string[] }): string | null {
  if (at.kind === "inet") {
    if (at.port === 0) faults.push(`${key} lets the system choose the port: give it one, such as 8891`);
    return at.port === 0 ? null : `inet:${placeText(reachable(at))}`;
  }
  const queue = found.main.get("queue_directory") ?? "/var/spool/postfix";
  if (!found.services.some((service) => isSmtpd(service) && isChrooted(service, found.main))) return `unix:${at.path}`;
  if (at.path.startsWith(`${queue}/`)) return `unix:${at.path.slice(queue.length)}`;
  faults.push(
    `smtpd is locked into ${queue} (chroot in master.cf) and cannot see ${at.path}: set ${key} = "unix:${queue}/assay/milter.sock", or an inet: place on loopback`,
  );
  return null;
}

/** The place of an item of a list, without braces and options. */
export function placeOf(item: string): string {
  const inner = item.startsWith("{") ? (listItems(item.slice(1, -1))[0] ?? "") : item;
  return inner.replace(/^inet:localhost:/, "inet:127.0.0.1:");
}

function isChrooted({ chroot }: Service, main: MainCf): boolean {
  // master(5): the default is y where compatibility_level is below 1.
  return chroot === "y" || (chroot === "-" && (main.get("compatibility_level") ?? "0") === "0");
}

export function isSmtpd({ program, type }: Service): boolean {
  return program === "smtpd" && (type === "inet" || type === "pass");
}

export function isSubmission({ name }: Service): boolean {
  return /^(?:.*:)?(?:submissions?|smtps|465|587)$/.test(name);
}

function isInbound({ name, type }: Service): boolean {
  return type === "pass" || /^(?:.*:)?(?:smtp|25)$/.test(name);
}

function isFront(service: Service): boolean {
  return isSmtpd(service) && isInbound(service);
}

function isOff({ overrides }: Service): boolean {
  return overrides.get("smtpd_milters") === "" || (overrides.get("receive_override_options") ?? "").includes("no_milters");
}

function joined(ours: string, others: string): string {
  return others === "" ? ours : `${ours}, ${others}`;
}

function reference(name: string): RegExp {
  return new RegExp(`\\$(?:\\{${name}\\}|\\(${name}\\)|${name}(?![A-Za-z0-9_]))`, "g");
}

function refersTo(text: string, name: string): boolean {
  return reference(name).test(text);
}

const originating = "ORIGINATING";

function calledBy({ main, services }: PostfixFound, ours: readonly string[]): readonly string[] {
  const lists = [
    main.get("smtpd_milters"),
    main.get("non_smtpd_milters"),
    ...services.map(({ overrides }) => overrides.get("smtpd_milters")),
  ];
  const milters = lists.flatMap((list) => listItems(expanded(list ?? "", main)));
  const filters = [main.get("content_filter"), ...services.flatMap(({ overrides }) => [overrides.get("content_filter")])];
  const called = [...milters.map(placeOf), ...filters.flatMap((filter) => filter ?? [])];
  return [...new Set(called.filter((one) => one !== "" && !one.startsWith("$") && !ours.includes(one)))];
}

function notesOf({ wanted, found, milter }: Context): readonly string[] {
  const submissions = found.services.filter((service) => isSmtpd(service) && isSubmission(service));
  const names = submissions.map((service) => service.overrides.get("milter_macro_daemon_name") ?? originating);
  const unknown = [...new Set(names)].filter((name) => !wanted.outboundDaemons.includes(name));
  const notes: string[] = [];
  if (milter !== null) {
    notes.push(
      "non_smtpd_milters stays without Assay: mail of the sendmail command has no client to judge, and refusing one of its recipients loses it.",
    );
    notes.push(
      "milter_default_action stays as it is, for the other milters (from Postfix 3.11 on its default ends the session); Assay's own is in its braces.",
    );
    notes.push("internal_mail_filter_classes stays empty: bounces that Postfix writes itself are no claim of anybody's.");
  }
  if (milter !== null && unknown.length > 0 && wanted.submissionMilter === null) {
    notes.push(
      `Tell Assay whose mail comes in there: outbound_daemons = [${unknown.map((name) => `"${name}"`).join(", ")}] under [milter] in its configuration.`,
    );
  }
  if (milter !== null && submissions.length === 0) {
    notes.push(
      `No submission service is open in master.cf. When you open one, run this again: it needs -o milter_macro_daemon_name=${originating}.`,
    );
  }
  if (milter === null && wanted.smtp !== null) notes.push(...proxyNotes(wanted));
  if (milter !== null && wanted.smtp !== null)
    notes.push("listen.smtp is open too: to use it instead of the milter (smtpd_proxy_filter), take listen.milter out.");
  return [...notes, ...returnNotes(found)];
}

function proxyNotes({ smtp, xclientFrom }: Wanted): readonly string[] {
  const trusted = xclientFrom.some((network) => isLoopback(network.replace(/\/.*$/, "")));
  return [
    ...(trusted
      ? []
      : ['Assay must believe what Postfix says of the client (XFORWARD): xclient_from = ["127.0.0.1"] under [smtp] in its configuration.']),
    ...(smtp?.next_hop.protocol === "smtp" ? [] : ["The next hop is not Postfix: no service that takes mail back is needed here."]),
    "A milter is the better way with Postfix: behind a proxy other milters take every client for this machine, and while Assay is down mail waits.",
  ];
}

/** Services that take mail back from a content filter go through Assay again, and to it their mail comes from this machine. */
function returnNotes({ main, services }: PostfixFound): readonly string[] {
  const filtered = main.has("content_filter") || services.some(({ overrides }) => (overrides.get("content_filter") ?? "") !== "");
  if (!filtered) return [];
  const back = services.filter((service) => isSmtpd(service) && !isSubmission(service) && !isInbound(service) && !isOff(service));
  return back.map(
    ({ id }) =>
      `${id} seems to take mail back from a content filter: postconf -P '${id}/receive_override_options=no_milters', or Assay judges it again.`,
  );
}
