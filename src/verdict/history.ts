/**
 * What the organization has seen before, as far as one message needs it (design: compauth.md "Sender history"): the value that
 * memory/ reads once, before the decision. Plain numbers, already decayed to `day` (half-life: limits.historyHalfLifeDays), so that
 * the verdict can be computed again from the Inspection alone. Types only.
 */

/** Groups of the design: {dkim}, {spf}, {ptr, prefix, helo, tls}; the strongest token of a group counts. */
export type TokenKind = "dkim" | "spf" | "ptr" | "prefix" | "helo" | "tls" | "mx"; // an MX host of the From domain: belongs to no group, serves to tell hosts that many organizations share

/** One mark of a sending infrastructure. Domains are A-labels in lower case; a prefix is CIDR text. */
export type Token = { readonly kind: TokenKind; readonly value: string };

/** What is known of one From organization on one token, and of the token itself. Days count from 1970-01-01 UTC. */
export type TokenHistory = Token & {
  /** Tier 1: messages of this organization that passed explicitly, or that the operator confirmed; decayed. */
  readonly authenticated: number;
  /** Of those, with an aligned DKIM signature; decayed. */
  readonly signed: number;
  /** Tier 2: messages of this organization that nothing authenticated; decayed. */
  readonly unauthenticated: number;
  /** Distinct days with such tier 2 mail, distinct recipients of it (never overcounted), and whether one of them is in correspondence. */
  readonly days: number;
  readonly recipients: number;
  readonly answered: boolean;
  /** Complaints about this organization's mail on this token; decayed. */
  readonly complaints: number;
  readonly firstDay: number | null;
  readonly lastDay: number | null;
  /** Of the token, whoever it spoke for: From organizations seen with it, messages (decayed), spoof failures (decayed), organizations it failed for. */
  readonly organizations: number;
  readonly messages: number;
  readonly failures: number;
  readonly failedOrganizations: number;
  /** Established From organizations whose verified mail it only carried (Lesson.carriers): what tells a forwarder from a stranger. */
  readonly relayed: number;
};

/** A From organization as a whole; counts decayed. */
export type OrganizationHistory = {
  readonly authenticated: number;
  readonly signed: number;
  readonly unauthenticated: number;
  /** Distinct days with authenticated mail. */
  readonly days: number;
  readonly firstDay: number | null;
  readonly lastDay: number | null;
};

/** Between the message's recipients and the From organization: the most familiar recipient counts. Decayed. */
export type ContactHistory = { readonly wroteTo: number; readonly heardFrom: number; readonly firstDay: number | null };

export type History =
  /** The store could not be read: mail goes on without it, and the explanation says so. */
  | {
      readonly status: "unavailable";
      /** Those that the node knew last: the operator's word stays in force while the store is away. */
      readonly entries?: readonly PairEntry[] | undefined;
    }
  | {
      readonly status: "known";
      /** The day that counts are decayed to. */
      readonly day: number;
      /** Organizational domain of From by the suffix list; null without a single author. */
      readonly organization: string | null;
      readonly from: OrganizationHistory;
      /**
       * Between people here, whether recipients of this message or not, and the organization that verifiably handed it over for
       * another (HistoryQuestion.carrier): their mail from it, under whatever From; zeros without one.
       */
      readonly carrier: ContactHistory;
      /** One entry for each token that was asked about, in that order. */
      readonly tokens: readonly TokenHistory[];
      /** All mail this tenant has seen, decayed. */
      readonly messages: number;
      readonly contact: ContactHistory;
      /** The Message-ID that this bounce returns is in our outbound journal for this recipient; false also where it is no bounce. */
      readonly returnsOurs: boolean;
      /**
       * References or In-Reply-To name a Message-ID of ours that went to this From organization. (One that went elsewhere proves
       * nothing: whoever got an answer from us knows a Message-ID of ours.)
       */
      readonly answersOurs: boolean;
      /** The operator's entries on pairs that match this message; the store has compared, nobody compares again. */
      readonly entries: readonly PairEntry[];
    };

/**
 * The operator's word on a pair. An allow or confirmed entry is here only if it matches a confirmed PTR, a verified DKIM domain or,
 * without a PTR, the prefix; a block matches an unconfirmed PTR too.
 */
export type PairEntry = {
  readonly id: string;
  readonly action: "allow" | "block" | "confirmed";
  /** As the operator wrote it: From domain, address or `*`; and infrastructure or `*`. */
  readonly user: string;
  readonly infrastructure: string;
  /** Of a block: also where the message authenticates as the From domain. */
  readonly evenIfAuthenticated: boolean;
  readonly by: string;
};

export type KnownHistory = Extract<History, { status: "known" }>;

/** What to read for one message: made from transaction, From and evidence. */
export type HistoryQuestion = {
  /** "" where there is one tenant. */
  readonly tenant: string;
  readonly day: number;
  readonly organization: string | null;
  /** As carrierOf (tokens.ts) gives it: a list or forwarder that SPF or DKIM verified; null without one, as in most mail. */
  readonly carrier: string | null;
  /** At most limits.historyTokensMax. */
  readonly tokens: readonly Token[];
  readonly recipients: readonly string[];
  /** The Message-ID that a bounce returns; null: no bounce. */
  readonly returned: string | null;
  /** Message-IDs that References and In-Reply-To name, the last ones, at most limits.referencesMax. */
  readonly references: readonly string[];
};

/** What one finished inspection teaches; written once, last. Nothing is learnt where a temporary error left the evidence open. */
export type Lesson = {
  readonly tenant: string;
  readonly day: number;
  readonly organization: string;
  /** Tier 1, tier 2 (nothing authenticated), or only that the message was seen and failed. */
  readonly kind: "authenticated" | "unauthenticated" | "seen";
  /** An aligned DKIM signature was part of it. */
  readonly signed: boolean;
  /** compauth=fail: counts against the infrastructure. */
  readonly failed: boolean;
  /** A recipient is in correspondence with the organization. */
  readonly answered: boolean;
  readonly tokens: readonly Token[];
  /**
   * Tokens that carried verified mail of an established organization without being vouched for by it, as a forwarder's: each counts
   * the organization into `relayed`, and as seen; nothing is learnt of the organization on them. Never overlaps `tokens`.
   */
  readonly carriers: readonly Token[];
  /** As in HistoryQuestion: the recipients have now heard from it, whoever From names. Null without one. */
  readonly carrier: string | null;
  readonly recipients: readonly string[];
};

/** The operator's word on one pair, or a recipient's complaint. */
export type Word = {
  readonly tenant: string;
  readonly day: number;
  readonly organization: string;
  readonly token: Token;
  readonly word: "confirmed" | "complaint";
};

/** Mail that we sent: feeds bounces, answers and contacts. Hashed before it is kept. */
export type Sent = {
  readonly tenant: string;
  readonly day: number;
  readonly sender: string;
  readonly messageId: string | null;
  readonly recipients: readonly string[];
};
