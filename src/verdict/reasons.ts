/**
 * The reason codes that Assay decides: what each says, for an administrator and for the sender, in one place that the CLI, the
 * stamp, `explain` and the docs read. Codes and meanings follow Microsoft's published list; those marked `ours` are Assay's own.
 * What others write and Assay never decides is in reasons-of-others.ts. Text only: which row applies is decide.ts' to say.
 */
import type { CompauthResult } from "./verdict.ts";

export type ReasonCode =
  | "000"
  | "001"
  | "002"
  | "010"
  | "100"
  | "103"
  | "104"
  | "105"
  | "108"
  | "109"
  | "111"
  | "112"
  | "115"
  | "116"
  | "130"
  | "200"
  | "201"
  | "202"
  | "300"
  | "400"
  | "401"
  | "502"
  | "601"
  | "701"
  | "702"
  | "703"
  | "704"
  | "905";

/** Who says what the number means: Microsoft's pages, Assay's, or nobody: it is only seen in real mail. */
export type Documented = "microsoft" | "assay" | "seen";

/** What a code says, whoever decides it. */
export type ReasonText = {
  /** Null where the code is documented for several results, or for none. */
  readonly compauth: CompauthResult | null;
  /** The row of the decision table (design: compauth.md) that mostly gives it; null where Assay never decides so. */
  readonly row: number | null;
  /** Every row that gives it; none where Assay never decides so. */
  readonly rows: readonly number[];
  readonly cause: string;
  /** What it means for whoever runs the receiving server. */
  readonly meaning: string;
  /** What the sender can do; null where there is nothing to mend. */
  readonly senderCan: string | null;
  /** The number is Assay's own. */
  readonly ours: boolean;
  readonly documented: Documented;
};

/** What a code says that Assay decides. */
export type Reason = ReasonText & { readonly compauth: CompauthResult; readonly row: number };

const authenticate =
  "Sign with a DKIM key of the From domain, or send with an envelope sender of that domain from hosts its SPF record lists.";
const publish =
  "Publish SPF for the sending hosts or sign with DKIM in the From domain, and publish a DMARC record: then nobody has to go by likelihood.";

export const reasons: Readonly<Record<ReasonCode, Reason>> = {
  "000": decided([13], {
    compauth: "fail",
    cause: "DMARC failed, and the From domain asks for quarantine or rejection.",
    meaning: "The owner of the domain says that such mail is not theirs.",
    senderCan: "Sign with a DKIM key of the From domain, or send from hosts that its SPF record lists with a matching envelope sender.",
  }),
  "001": decided([19, 5], {
    compauth: "fail",
    cause: "Nothing that passed belongs to the From domain, and the domain publishes no policy that is enforced.",
    meaning: "Nobody vouches for this sender.",
    senderCan: "Publish SPF for the sending hosts or sign with DKIM in the From domain, and publish a DMARC record.",
  }),
  "002": decided([2], {
    compauth: "fail",
    cause: "An administrator blocks this From domain from this sending infrastructure.",
    meaning: "The block is your organization's own, and DNS says nothing to the contrary. Lift it in the list of pairs if it is wrong.",
    senderCan: "Authenticate as the From domain, and ask the recipient's administrator to lift the block.",
  }),
  "010": decided([11], {
    compauth: "fail",
    cause: "DMARC failed under a policy of quarantine or reject, and the From domain is one of the recipient's own.",
    meaning: "Somebody outside uses one of your own domains, or a service that sends for you is not set up for it.",
    senderCan: authenticate,
  }),
  "100": decided([6], {
    compauth: "pass",
    cause: "DMARC passed.",
    meaning: "The sender is who it claims to be. That does not say that the message is harmless.",
    senderCan: null,
  }),
  "103": decided([14], {
    compauth: "pass",
    cause: "The confirmed reverse name of the client is the From domain, or lies below it.",
    meaning: "Whoever runs the sending host is allowed a name within the From domain, which strangers are not.",
    senderCan: publish,
  }),
  "104": decided([14], {
    compauth: "pass",
    cause: "The From domain lies below the confirmed reverse name of the client, within one organization.",
    meaning: "The sending host carries a name of the From domain's own organization.",
    senderCan: publish,
  }),
  "105": decided([16], {
    compauth: "pass",
    documented: "seen",
    cause: "What was seen before makes it very likely that this infrastructure speaks for the From domain.",
    meaning: "History vouches for the sender, not DNS.",
    senderCan: publish,
  }),
  "108": decided([10], {
    compauth: "pass",
    cause: "DKIM broke because a gateway on the legitimate way changed the body; the gateway's own result was a pass.",
    meaning: "The change is your own gateway's. The message was authentic when it reached it.",
    senderCan: null,
  }),
  "109": decided([7], {
    compauth: "pass",
    cause: "The From domain has no DMARC record, but would pass if it had one.",
    meaning: "SPF or DKIM vouches for the From domain's organization.",
    senderCan: "Publish a DMARC record, so that others can be told from the real sender.",
  }),
  "111": decided([9], {
    compauth: "pass",
    cause: "The DMARC record is unusable or could not be fetched, yet an aligned SPF or DKIM pass vouches for the From domain.",
    meaning: "The sender is who it claims to be, in spite of its DMARC record.",
    senderCan: "Mend the DMARC record, or the name servers that should answer for it.",
  }),
  "112": decided([9], {
    compauth: "pass",
    cause: "The question for the DMARC record timed out, yet an aligned SPF or DKIM pass vouches for the From domain.",
    meaning: "The sender is who it claims to be; the domain's name servers did not answer in time.",
    senderCan: "Look after the name servers that should answer for the DMARC record.",
  }),
  "115": decided([11], {
    compauth: "pass",
    cause: "Another organization on the same server, which owns the From domain, submitted the message.",
    meaning: "The server itself knows the sender: the message did not come from outside.",
    senderCan: null,
  }),
  "116": decided([15], {
    compauth: "pass",
    cause: "The client is one of the hosts that receive the From domain's mail, and that host is not shared with strangers.",
    meaning: "Whoever handles the domain's incoming mail sent this. DNS ties the host to the domain.",
    senderCan: publish,
  }),
  "130": decided([8], {
    compauth: "pass",
    cause: "DMARC failed here, but a sealer you trust (ARC) saw it pass before the message was forwarded.",
    meaning: "The message was changed or forwarded on its way. The verdict rests on the sealer's word.",
    senderCan: null,
  }),
  "200": decided([16], {
    compauth: "softpass",
    ours: true,
    documented: "assay",
    cause: "What was seen before makes it fairly likely that this infrastructure speaks for the From domain.",
    meaning: "History leans towards the sender, and is not sure.",
    senderCan: publish,
  }),
  "201": decided([17], {
    compauth: "softpass",
    cause: "A host of the From domain is a close neighbour of the client in the same network.",
    meaning: "The neighbourhood speaks for the sender; a provider may give the next address to a stranger.",
    senderCan: publish,
  }),
  "202": decided([17], {
    compauth: "softpass",
    cause: "The reverse name of the client lies in the From domain's organization, but does not vouch for this domain fully.",
    meaning: "The host seems to be the organization's; nothing says that it may send for this domain.",
    senderCan: publish,
  }),
  "300": decided([1], {
    compauth: "none",
    ours: true,
    documented: "assay",
    cause: "The sender logged in: mail that is submitted is not judged as mail from outside.",
    meaning: "Composite authentication was not applied.",
    senderCan: null,
  }),
  "400": decided([3], {
    compauth: "none",
    ours: true,
    documented: "assay",
    cause: "The client's address is on your allow list for authentication.",
    meaning: "Composite authentication was skipped because your entry says so. Whoever can send from that address can use any name.",
    senderCan: null,
  }),
  "401": decided([3], {
    compauth: "none",
    ours: true,
    documented: "assay",
    cause: "A rule of yours on the envelope or the recipient skips authentication.",
    meaning:
      "Composite authentication was skipped because your rule says so. Envelopes can be forged: a rule on them lets forgers through.",
    senderCan: null,
  }),
  "502": decided([18, 12], {
    compauth: "none",
    cause: "It is a bounce of a message that your organization sent.",
    meaning: "Bounces rarely authenticate. This one returns a message of yours, so no policy was enforced on it.",
    senderCan: null,
  }),
  "601": decided([11], {
    compauth: "fail",
    cause: "The From domain is one of the recipient's own, and nothing shows that the message came from there.",
    meaning: "Somebody outside uses one of your own domains, or a service that sends for you is not set up for it.",
    senderCan: authenticate,
  }),
  "701": decided([12], {
    compauth: "pass",
    cause: "DMARC failed, but the verified SPF domain has long spoken for this From domain in mail to you.",
    meaning: "What you have received before outweighs the published policy. The sender should still be told.",
    senderCan: authenticate,
  }),
  "702": decided([12], {
    compauth: "pass",
    cause: "DMARC failed, but the verified DKIM domain has long spoken for this From domain in mail to you.",
    meaning: "What you have received before outweighs the published policy. The sender should still be told.",
    senderCan: authenticate,
  }),
  "703": decided([12], {
    compauth: "pass",
    cause: "DMARC failed, but the host's confirmed name has long spoken for this From domain in mail to you.",
    meaning: "What you have received before outweighs the published policy. The sender should still be told.",
    senderCan: authenticate,
  }),
  "704": decided([12, 11], {
    compauth: "pass",
    cause: "Nothing authenticates the From domain, but your operator, or a host of your own, stands for this pair.",
    meaning: "The verdict rests on your organization's word. Remove the entry when it is no longer wanted.",
    senderCan: authenticate,
  }),
  "905": decided([4], {
    compauth: "none",
    cause: "The message came through another gateway first, and the client that gateway saw cannot be established.",
    meaning:
      "No policy was enforced, because SPF and the address would have been the gateway's. Name the true client's hop, and it can be judged.",
    senderCan: null,
  }),
};

type Text = { readonly cause: string; readonly meaning: string; readonly senderCan: string | null; readonly compauth: CompauthResult };
type Origin = { readonly ours?: boolean; readonly documented?: Documented };

/** `rows`: the one that mostly gives it first. */
function decided(rows: readonly [number, ...number[]], text: Text & Origin): Reason {
  return { row: rows[0], rows, ours: false, documented: "microsoft", ...text };
}
