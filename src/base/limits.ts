/**
 * Every limit on what the outside feeds us, in one place: name, value, unit (the last word of the name), one line of why.
 * Passing a limit is a named reason in the result, never an exception. Sources: the RFC section in each line, or "local".
 */
export const limits = {
  // Header section. RFC 5322 §2.1.1 gives 998 octets a line; the totals are local and stop header bombs.
  headerBytesMax: 256 * 1024,
  headerFieldsMax: 1000,
  headerFieldBytesMax: 64 * 1024,
  /** RFC 5322 §2.1.1: a line must be no more than 998 characters, the line end apart. */
  lineBytesMax: 998,
  // From. Local: what no honest author field needs.
  fromFieldBytesMax: 4096,
  fromMailboxesMax: 64,
  fromDomainsMax: 4,
  commentDepthMax: 10,
  // Names. RFC 1035 §2.3.4.
  domainBytesMax: 253,
  labelBytesMax: 63,
  localPartBytesMax: 64, // RFC 5321 §4.5.3.1.1
  // SPF. RFC 7208 §4.6.4.
  spfTermsMax: 10,
  spfVoidLookupsMax: 2,
  spfMxNamesMax: 10,
  spfPtrNamesMax: 10,
  spfRecordBytesMax: 4096, // local
  spfTotalMs: 20_000, // RFC 7208 §4.6.4: at least 20 seconds
  spfExplanationBytesMax: 200, // local: it may end up in an SMTP reply
  // DKIM and ARC.
  dkimSignaturesMax: 8, // RFC 6376 §6.1 allows a limit; 8 loses no honest mail (reference: at most 6 seen)
  signatureFieldBytesMax: 8 * 1024, // local
  signedHeadersMax: 300, // local: h= names
  rsaBitsMin: 1024, // RFC 8301 §3.2
  rsaBitsMax: 4096, // RFC 8301 §3.2 asks for 1024 to 4096; more is a way to make us work
  keyRecordBytesMax: 4096, // local
  clockSkewMs: 10 * 60_000, // local: t= in the future by more is not-yet-valid
  arcSetsMax: 50, // RFC 8617 §4.2.1
  arcHashedBytesMax: 8 * 1024 * 1024, // local: the seals of N sets hash O(N²) bytes
  bodyHashesMax: 4, // local: distinct (canonicalization, algorithm, length) a message
  // DMARC. RFC 9989 §4.10: at most eight questions a walk.
  dmarcWalkQueriesMax: 8,
  dmarcRecordBytesMax: 4096, // local
  dmarcTagsMax: 100, // local
  // iprev. RFC 8601 §3 asks for a limit.
  iprevNamesMax: 10,
  // DNS for one message: the lanes of dns/budget.ts add up to 60.
  messageDnsQueriesMax: 60,
  messageDnsMs: 15_000,
  queryMs: 5000,
  cnameChainMax: 8,
  // Authentication-Results, read and written. Local.
  authenticationResultsBytesMax: 16 * 1024,
  authenticationResultsValueBytesMax: 512,
} as const;
