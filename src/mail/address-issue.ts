/**
 * What an address list can have against it (RFC 5322 §3.4, §4.4), as a closed list of words with their grade. Facts: what
 * follows from them is for the caller to say (evidence/from/rules.ts for the From field).
 */

/**
 * How far an issue is from RFC 5322: `broken`, its grammar does not derive the text; `obsolete`, only §4 does (to be read, never to
 * be written); `plain`, §3 does, yet some receiver or reader stumbles over it.
 */
export type IssueGrade = "broken" | "obsolete" | "plain";

export const issueGrades = {
  "control-character": "broken",
  "comment-too-deep": "broken", // past limits.commentDepthMax
  "too-many-mailboxes": "broken", // past limits.fromMailboxesMax; the rest is not read
  unterminated: "broken", // a quote, comment, literal or bracket that does not close
  "all-quoted": "broken", // an address, but inside a quoted string
  "encoded-word": "broken", // in an address, or an address hidden in one (RFC 2047 §5: not in an addr-spec)
  "no-address": "broken", // a list element without any address
  "empty-brackets": "broken", // `<>`
  "no-domain": "broken", // `<postmaster>`
  "no-angle-brackets": "broken", // `Jane Doe jane@example.com`
  "text-after": "broken", // something other than comments after the address
  "unquoted-special": "broken", // @ \ ) ] [ > : ; or a leading dot in a name that is not quoted
  "several-words": "broken", // `<jane doe@example.com>`
  "local-part": "broken", // empty, or a dot too many
  domain: "broken", // empty, or a dot too many
  "broken-brackets": "broken", // brackets in brackets, or a route that does not end
  "source-route": "obsolete", // `<@relay.example:jane@example.com>`
  "empty-element": "obsolete", // a comma too many
  "dot-in-name": "obsolete", // `John Q. Public <…>`
  "obsolete-local-part": "obsolete", // `"jane".doe@example.com`
  group: "plain",
  "space-in-address": "plain", // `jane @ example.com`
  "comment-before": "plain",
  "comment-in-address": "plain",
  "comment-after": "plain",
  "no-space-before-bracket": "plain",
  "space-inside-brackets": "plain",
  "quoted-local-part": "plain",
} as const satisfies Record<string, IssueGrade>;
export type IssueKind = keyof typeof issueGrades;

/** Each kind is given once, where it first occurs. */
export type Issue = { readonly kind: IssueKind; readonly at: number };
