/**
 * One message through an SMTP dialogue (RFC 5321 §3.3): MAIL, RCPT, the end of DATA. Every door speaks its own protocol and hands the same
 * things to this one journey. It answers before the message has come only where a rule of that stage is enforced; it stops nothing that is
 * merely observed. A fault of ours is a temporary failure, a limited number of times, and never a rejection.
 */
import { messageDns } from "../../dns/budget.ts";
import { askNullMx } from "../../evidence/infrastructure/null-mx.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { fieldsNamed, type Header, unfoldedValue } from "../../mail/header.ts";
import type { MessageSource } from "../../mail/message.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { removalsOf } from "../../stamp/headers.ts";
import type { Inspection, Removal } from "../../stamp/inspection.ts";
import { formatReply } from "../../stamp/smtp-replies.ts";
import { inboundFromNullMx } from "../../verdict/null-mx.ts";
import type { Reply } from "../../verdict/reply.ts";
import { directed, isBehindHop } from "../arrival.ts";
import { type Begun, begin } from "../begun.ts";
import { openTransaction } from "../envelope.ts";
import { inspect } from "../inspect.ts";
import { judgePolicyFor, tenantOfRecipients } from "../judge-policy.ts";
import { Admission } from "./admission.ts";
import { Deferrals } from "./deferrals.ts";
import { dispositionOf } from "./disposition.ts";
import type { AboutMessage, Client, Dialogue, Disposition, ReverseName, Rules, Service, ServiceDeps, SmtpReply, Stage } from "./journey.ts";
import { answerToRecipient, mayRefuseRecipients } from "./recipients.ts";
import { SourceFault, watched } from "./source.ts";

export function openService(deps: ServiceDeps): Service {
  const shared: Shared = { deps, deferrals: new Deferrals(), admission: new Admission() };
  return {
    open: (client) => new OpenDialogue(client, shared),
    get inFlight() {
      return shared.admission.inside;
    },
    get mayRefuse() {
      const { policy } = deps.rules();
      return { mail: asksNullMx(policy), rcpt: mayRefuseRecipients(policy) };
    },
  };
}

type Shared = { readonly deps: ServiceDeps; readonly deferrals: Deferrals; readonly admission: Admission };

class OpenDialogue implements Dialogue {
  private readonly client: Client;
  private readonly shared: Shared;
  private readonly rules: Rules;
  private mailFrom: string | null = null;
  private readonly rcptTo: string[] = [];
  private begun: Begun | null = null;
  private header: Header | null = null;
  private isTold = false;

  constructor(client: Client, shared: Shared) {
    this.client = client;
    this.shared = shared;
    this.rules = shared.deps.rules();
  }

  async mail(mailFrom: string): Promise<SmtpReply | null> {
    this.mailFrom = mailFrom;
    return this.answered("mail", null, () => this.ofNullMx(this.asking()));
  }

  begin(mailFrom: string): void {
    this.mailFrom = mailFrom;
    try {
      this.asking();
    } catch (error) {
      this.fault(error, "mail", null);
    }
  }

  /** From here on the questions about the client and the envelope are under way. */
  private asking(): Transaction {
    const { resolver, clock } = this.shared.deps;
    const transaction = this.transaction();
    // Behind a gateway of ours the client is not known yet; our own mail is not judged by where it comes from.
    const isAsked = transaction.direction === "inbound" && !isBehindHop(transaction, this.rules.policy);
    if (isAsked) this.begun = begin(transaction, { resolver, clock, authservId: this.rules.authservId });
    return transaction;
  }

  async rcpt(recipient: string): Promise<SmtpReply | null> {
    const reply = await this.answered("rcpt", recipient, () => {
      const { resolver } = this.shared.deps;
      const question = { transaction: this.transaction(), recipient, iprev: this.begun?.evidence.iprev ?? null };
      return answerToRecipient(question, { policy: this.rules.policy, resolver: this.bounded(resolver) });
    });
    if (reply === null) this.note(recipient);
    return reply;
  }

  note(recipient: string): void {
    this.rcptTo.push(recipient);
  }

  drop(recipient: string): void {
    const at = this.rcptTo.lastIndexOf(recipient);
    if (at >= 0) this.rcptTo.splice(at, 1);
  }

  async reverseName(): Promise<ReverseName> {
    try {
      const iprev = (await this.begun?.evidence.iprev) ?? null;
      const [name] = iprev?.names ?? [];
      if (iprev?.result === "pass" && name !== undefined) return { kind: "confirmed", name };
      return { kind: iprev?.result === "temperror" ? "unanswered" : "none" };
    } catch {
      // A fault of ours, which the end of DATA meets too, and tells.
      return { kind: "unanswered" };
    }
  }

  refuseLongHeader({ queueId = null }: AboutMessage = {}): Extract<Disposition, { readonly kind: "refuse" }> {
    const disposition = { kind: "refuse", reply: headerTooLong, inspection: null } as const;
    this.tellUninspected(disposition, queueId);
    return disposition;
  }

  refusedByDoor(reply: SmtpReply): void {
    this.tellUninspected({ kind: "refuse", reply, inspection: null }, null);
  }

  /** What was answered without reading was told already: one line a message. */
  private tellUninspected(disposition: Extract<Disposition, { readonly kind: "refuse" }>, queueId: string | null): void {
    if (!this.isTold) this.tell(disposition, { queueId, startedAt: this.shared.deps.clock(), deferrals: 0 });
  }

  async data(message: MessageSource, { queueId = null, asked }: AboutMessage = {}): Promise<Disposition> {
    if (asked !== undefined) this.rcptTo.splice(0, this.rcptTo.length, ...asked);
    const { admission, deps } = this.shared;
    if (!admission.enter(this.rules.messagesMax)) return this.withoutInspection({ id: "filter-busy" }, queueId, deps.clock());
    const startedAt = deps.clock();
    try {
      const inspection = await this.inspected(watched(message), queueId);
      return this.decided(inspection, queueId, startedAt);
    } catch (error) {
      if (error instanceof SourceFault) return { kind: "gone" };
      this.fault(error, "data", queueId);
      return this.withoutInspection({ id: "filter-fault" }, queueId, startedAt);
    } finally {
      admission.leave();
    }
  }

  private inspected(message: MessageSource, queueId: string | null): Promise<Inspection> {
    const { resolver, clock, random, memory } = this.shared.deps;
    const { policy, policyVersion, authservId, journal } = this.rules;
    const tenant = tenantOfRecipients(policy, this.rcptTo);
    const { ip, helo, tls, authenticatedAs, listener } = this.client;
    const direction = listener === "submission" ? ("outbound" as const) : undefined;
    const envelope = { ip, helo, tls, authenticatedAs, listener, direction, queueId, mailFrom: this.mailFrom, rcptTo: this.rcptTo };
    return inspect(
      { ...envelope, message },
      {
        ...{ resolver, clock, random, authservId, policyVersion, tenant, journal },
        policy: judgePolicyFor(policy, tenant),
        begun: this.begun,
        isLastTry: ({ ip, messageId }) => this.shared.deferrals.of({ ...this.envelope(), ip, messageId }) >= this.rules.deferralsMax,
        onHeader: (header) => {
          this.header = header;
        },
        ...(memory === null ? {} : { memory }),
      },
    );
  }

  private decided(inspection: Inspection, queueId: string | null, startedAt: number): Disposition {
    const { messageId, ip } = inspection.transaction;
    const disposition = dispositionOf(inspection);
    // 451: DNS has left it open. 450 is a rule's word, and stands however often the message comes.
    const isOpen = disposition.kind === "refuse" && disposition.reply.code === 451;
    const message = { ...this.envelope(), ip, messageId };
    const deferrals = isOpen ? this.shared.deferrals.count(message) : this.shared.deferrals.take(message);
    this.tell(disposition, { queueId, startedAt, deferrals });
    return disposition;
  }

  /** The message could not be inspected: come again, and after some times it is let through as it came. */
  private withoutInspection(reply: Reply, queueId: string | null, startedAt: number): Disposition {
    const message = { ...this.envelope(), ip: this.client.ip, messageId: this.messageId() };
    // Too much at once is over by the next time: it opens no door.
    const isBusy = reply.id === "filter-busy";
    const isAgain = isBusy || this.shared.deferrals.of(message) < this.rules.deferralsMax;
    const before = isBusy ? 0 : isAgain ? this.shared.deferrals.count(message) : this.shared.deferrals.take(message);
    const disposition: Disposition = isAgain
      ? { kind: "refuse", reply: this.worded(reply), inspection: null }
      : { kind: "accept", headers: faultMark, removals: this.forged(), hold: null, inspection: null };
    this.tell(disposition, { queueId, startedAt, deferrals: before });
    return disposition;
  }

  /** Nothing that passes for ours stays, even where we have nothing to say. */
  private forged(): readonly Removal[] {
    const { policy, authservId } = this.rules;
    try {
      return this.header === null ? [] : removalsOf({ header: this.header, authservId, policy, stamps: [], assignedFrom: null });
    } catch (error) {
      this.fault(error, "data", null);
      return [];
    }
  }

  /** As far as the message had come. Large senders try again from many addresses: without it each would count for itself. */
  private messageId(): string | null {
    const { header } = this;
    const field = header === null ? undefined : fieldsNamed(header, "message-id")[0];
    return header === null || field === undefined ? null : unfoldedValue(header, field);
  }

  private tell(
    disposition: Exclude<Disposition, { readonly kind: "gone" }>,
    { queueId, startedAt, deferrals }: { readonly queueId: string | null; readonly startedAt: number; readonly deferrals: number },
  ): void {
    this.isTold = true;
    const { observer, clock } = this.shared.deps;
    const { mailFrom, rcptTo } = this.envelope();
    observer.onDecision({ client: this.client, mailFrom, rcptTo, queueId, disposition, ms: clock() - startedAt, deferrals });
  }

  private async ofNullMx(transaction: Transaction): Promise<Reply | null> {
    const { gates } = this.rules.policy;
    const { mailFrom } = transaction;
    const isAsked = asksNullMx(this.rules.policy) && transaction.direction === "inbound";
    const domain = isAsked && mailFrom !== null ? domainToAscii(mailFrom.slice(mailFrom.lastIndexOf("@") + 1)) : null;
    if (gates === undefined || domain === null) return null;
    const asked = { mailFrom: await askNullMx(domain, this.bounded(this.shared.deps.resolver)), from: null };
    return inboundFromNullMx(transaction, asked, gates.nullMx).reply;
  }

  private async answered(stage: "mail" | "rcpt", recipient: string | null, ask: () => Promise<Reply | null>): Promise<SmtpReply | null> {
    const { observer, clock } = this.shared.deps;
    const startedAt = clock();
    let reply: SmtpReply | null = null;
    try {
      const found = await ask();
      reply = found === null ? null : this.worded(found);
    } catch (error) {
      // The message goes on: what this stage would have found is found again at the end of DATA.
      this.fault(error, stage, null);
    }
    observer.onAnswer({ stage, client: this.client, mailFrom: this.mailFrom, recipient, reply, ms: clock() - startedAt });
    return reply;
  }

  private fault(error: unknown, stage: Stage, queueId: string | null): void {
    this.shared.deps.observer.onFault(error, { stage, queueId });
  }

  /** Nothing was recorded that an id could lead to. */
  private worded(reply: Reply): SmtpReply {
    return formatReply(reply, { id: null, contact: this.rules.policy.replyContact ?? null });
  }

  private bounded(resolver: ServiceDeps["resolver"]): ServiceDeps["resolver"] {
    const lane = messageDns(resolver, { clock: this.shared.deps.clock });
    return lane("hosts");
  }

  private envelope(): { readonly mailFrom: string | null; readonly rcptTo: readonly string[] } {
    return { mailFrom: this.mailFrom, rcptTo: [...this.rcptTo] };
  }

  /** Before the message has come. */
  private transaction(): Transaction {
    const { ip, helo, tls, authenticatedAs, listener } = this.client;
    const direction = listener === "submission" ? ("outbound" as const) : undefined;
    // The first recipient says whose message it is; a copy of all of them, for each of them, would take the square of their number.
    const [mailFrom, rcptTo] = [this.mailFrom, this.rcptTo.slice(0, 1)];
    return directed(openTransaction({ ip, helo, tls, authenticatedAs, listener, direction, mailFrom, rcptTo }, null), this.rules.policy);
  }
}

/** On a message that could not be inspected: nothing was checked, and fields that speak in our name are anybody's. */
const faultMark: readonly string[] = ["X-Assay-Fault: not inspected; nothing is known of who sent it"];

/** RFC 7505 at MAIL, of inbound mail. */
function asksNullMx({ gates }: Rules["policy"]): boolean {
  return gates?.nullMx.enforced === true && (gates.nullMx.inbound ?? "off") !== "off";
}

/** What stands beyond is looked at by nobody, and could pass for a result of ours (RFC 3463 §3.4: X.3.4). */
const headerTooLong: SmtpReply = { code: 552, enhanced: "5.3.4", text: "Message header exceeds the size limit" };
