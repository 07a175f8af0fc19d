/**
 * The negotiation that opens a milter connection: the server offers a version, what a filter may do, and what need not be sent or answered;
 * we choose from that, and never beyond: Postfix ends the session of a filter that asks for more. A server that offers less, down to
 * version 2, gets an answer wherever it waits for one, and header values without the leading space that it keeps to itself.
 */
import { type Frame, packet } from "./packet.ts";

export type Agreement = {
  readonly version: number;
  /** Header fields may be inserted; changed and removed. */
  readonly inserts: boolean;
  readonly changes: boolean;
  readonly quarantines: boolean;
  /** Header values come with the space behind the colon, and go with it. */
  readonly leadingSpace: boolean;
  /** Whether the server waits for an answer to a packet of this kind. */
  readonly answers: {
    readonly connect: boolean;
    readonly helo: boolean;
    readonly mail: boolean;
    readonly rcpt: boolean;
    readonly data: boolean;
    readonly header: boolean;
    readonly endOfHeader: boolean;
    readonly body: boolean;
  };
};

/** What a filter may ask to do. */
const action = { addHeaders: 0x01, changeHeaders: 0x10, quarantine: 0x20, setMacros: 0x100 } as const;

/** What the server need not send (no…), need not wait for an answer to (silent…), and the form of header values. */
const protocol = {
  silentHeader: 0x80,
  noUnknown: 0x100,
  silentConnect: 0x1000,
  silentHelo: 0x2000,
  silentMail: 0x4000,
  silentRcpt: 0x8000,
  silentData: 0x1_0000,
  silentEndOfHeader: 0x4_0000,
  silentBody: 0x8_0000,
  leadingSpace: 0x10_0000,
} as const;

const newest = 6;
const oldest = 2;
const wantedActions = Object.values(action).reduce((sum, bit) => sum | bit, 0);
const always =
  protocol.silentHeader |
  protocol.noUnknown |
  protocol.silentConnect |
  protocol.silentHelo |
  protocol.silentEndOfHeader |
  protocol.silentBody |
  protocol.leadingSpace;
const silentContent = protocol.silentHeader | protocol.silentEndOfHeader | protocol.silentBody;

/**
 * The macros that are read, by stage. Postfix takes a list for one stage as the end of its own lists for all: so each stage has one. The
 * queue id is there at MAIL in Sendmail, in Postfix from the first accepted recipient on.
 */
const macroLists: readonly (readonly [stage: number, names: string])[] = [
  [0, "{daemon_name} v"],
  [1, "{tls_version} {cipher} {cert_subject}"],
  [2, "i {auth_authen} {daemon_name}"],
  [3, "i {rcpt_mailer}"],
  [4, "i"],
  [5, "i"],
  [6, "i"],
];

/** At which stages the server has to wait for an answer of ours, as far as it is one that gains by it. */
export type Needs = { readonly isPostfix: boolean; readonly mail: boolean; readonly rcpt: boolean; readonly data: boolean };

/** Reads the server's offer; null is one that we cannot serve. */
export function negotiate({ bytes, start, end }: Frame, needs: Needs): { readonly agreement: Agreement; readonly reply: Buffer } | null {
  if (end - start < 12) return null;
  const version = Math.min(newest, bytes.readUInt32BE(start));
  if (version < oldest) return null;
  const actions = (bytes.readUInt32BE(start + 4) & wantedActions) >>> 0;
  const offer = bytes.readUInt32BE(start + 8);
  const steps = (offer & (always | silentEnvelope(offer, needs))) >>> 0;
  const lists = (actions & action.setMacros) === 0 ? [] : macroLists.flat();
  return { agreement: agreed(version, actions, steps), reply: packet("O", version, actions, steps, ...lists) };
}

/**
 * Postfix gathers what is not to be answered, up to where it must be answered or the message begins, and waits that much less often.
 * Any other server gets its answers: one that writes each packet at once, as Sendmail does, would have each held back by TCP until the one
 * before is acknowledged, 40 ms later (RFC 1122 §4.2.3.2, §4.2.3.4), and may know no word that we are at it but at the end of a message.
 * DATA is sent in any case: Postfix sends its macros even where it is not, and what we send for it acknowledges them; a word that we are at
 * it where no answer is awaited, as it is read with the next one.
 */
function silentEnvelope(offer: number, { isPostfix, mail, rcpt, data }: Needs): number {
  if (!isPostfix || (offer & silentContent) !== silentContent) return 0;
  return (mail ? 0 : protocol.silentMail) | (rcpt ? 0 : protocol.silentRcpt) | (data ? 0 : protocol.silentData);
}

function agreed(version: number, actions: number, steps: number): Agreement {
  const may = (bit: number) => (actions & bit) !== 0;
  const has = (bit: number) => (steps & bit) !== 0;
  return {
    version,
    inserts: may(action.addHeaders),
    changes: may(action.changeHeaders),
    quarantines: may(action.quarantine),
    leadingSpace: has(protocol.leadingSpace),
    answers: {
      connect: !has(protocol.silentConnect),
      helo: !has(protocol.silentHelo),
      mail: !has(protocol.silentMail),
      rcpt: !has(protocol.silentRcpt),
      data: !has(protocol.silentData),
      header: !has(protocol.silentHeader),
      endOfHeader: !has(protocol.silentEndOfHeader),
      body: !has(protocol.silentBody),
    },
  };
}
