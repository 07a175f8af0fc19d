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
  addressesInTextMax: 256, // local: at-signs looked at in a display name or an unreadable field
  encodedWordsMax: 512, // local: more than a field of fromFieldBytesMax can hold
  commentDepthMax: 10,
  // Names. RFC 1035 §2.3.4.
  domainBytesMax: 253,
  labelBytesMax: 63,
  // SPF. RFC 7208 §4.6.4.
  spfTermsMax: 10,
  spfVoidLookupsMax: 2,
  spfMxNamesMax: 10,
  spfPtrNamesMax: 10,
  spfRecordBytesMax: 4096, // local
  spfCachedBytesMax: 256 * 1024, // local: text of the parsed records kept in memory
  spfMechanismCharactersMax: 300, // local: the deciding term as shown
  spfBroadBits: 8, // local: a shorter CIDR length authorizes next to everybody
  heloCharactersMax: 512, // RFC 5321 §4.5.3.1.4: a command line
  reversePathCharactersMax: 512, // local: RFC 5321 §4.5.3.1.3 gives 256 octets, and real senders more
  spfTotalMs: 20_000, // RFC 7208 §4.6.4: at least 20 seconds
  spfExplanationBytesMax: 200, // local: it may end up in an SMTP reply
  // DKIM and ARC.
  dkimSignaturesMax: 8, // RFC 6376 §6.1 allows a limit; 8 loses no honest mail (reference: at most 6 seen)
  signatureFieldBytesMax: 8 * 1024, // local
  signedHeadersMax: 300, // local: h= names
  rsaBitsMin: 1024, // RFC 8301 §3.2
  rsaBitsMax: 4096, // RFC 8301 §3.2 asks for 1024 to 4096; more is a way to make us work
  rsaExponentBitsMax: 32, // local: the cost of a verification grows with it; signers use 17 bits (RFC 6376 §3.3.1)
  keyRecordBytesMax: 4096, // local
  keyRecordsTriedMax: 4, // local: of several TXT records at one selector (RFC 6376 §3.6.2.2: undefined)
  keyRecordsKeptMax: 2000, // local: parsed records with their keys, of at most 4 KB each
  clockSkewMs: 10 * 60_000, // local: t= in the future by more is not-yet-valid
  arcSetsMax: 50, // RFC 8617 §4.2.1
  arcHashedBytesMax: 8 * 1024 * 1024, // local: the seals of N sets hash O(N²) bytes
  bodyHashesMax: 4, // local: distinct (canonicalization, algorithm, length) a message
  // DMARC. RFC 9989 §4.10: at most eight questions a walk.
  dmarcWalkQueriesMax: 8,
  dmarcRecordBytesMax: 4096, // local
  dmarcTagsMax: 100, // local
  dmarcReportUrisMax: 8, // local
  dmarcRecordsKeptMax: 1000, // local: parsed records kept, of at most 4 KB each
  // iprev. RFC 8601 §3 asks for a limit.
  iprevNamesMax: 10,
  // DNS for one message: the lanes of dns/budget.ts add up to 60.
  messageDnsQueriesMax: 60,
  messageDnsMs: 15_000,
  queryMs: 5000,
  cnameChainMax: 8,
  // The stub resolver and its cache. Local unless a section is named.
  dnsUdpPayloadBytes: 1232, // RFC 6891 §6.2.5: what an IPv6 path of 1280 octets carries unfragmented
  dnsServersMax: 8,
  dnsAttemptsMax: 10,
  dnsPointersMax: 127, // RFC 1035 §4.1.4: compression pointers in one name; no name has more labels
  dnsInFlightMax: 512, // questions with sockets open; more wait
  dnsQueueMax: 8192, // questions waiting; more are not asked
  dnsCacheEntriesMax: 50_000,
  dnsCacheBytesMax: 32 * 1024 * 1024,
  dnsTtlMinSeconds: 30, // a TTL of 0 must not make us ask once a message
  dnsTtlMaxSeconds: 86_400,
  dnsNegativeTtlMaxSeconds: 900, // RFC 2308 §5 allows 3 hours; a new record should work sooner
  dnsPolicyNegativeTtlMaxSeconds: 300, // names at or below _domainkey and _dmarc: keys and policies are published while mail flows
  dnsFailureTtlSeconds: 10, // RFC 9520 §3.2: 1 second to 5 minutes
  // Authentication-Results, read and written. Local.
  authenticationResultsBytesMax: 16 * 1024,
  authenticationResultsValueBytesMax: 512,
  authenticationResultsNameBytesMax: 128, // methods, results, properties: two names and a value stay below 998 octets
  // Received, read for the envelope of stored mail. Local.
  receivedFieldBytesMax: 4096,
  receivedFieldsMax: 100, // RFC 5321 §6.3 lets a server see a loop from 100 on
  // Mailboxes. Local.
  mboxFromLineBytesMax: 1024,
  directoryDepthMax: 64,
  // Remembered pure functions of names (base/memo.ts). Local.
  memoEntriesMax: 4096,
  memoTextCharactersMax: 256,
  // Sender history. Local: the design's numbers (compauth.md) and what one message may read.
  historyHalfLifeDays: 30,
  historyTokensMax: 16,
  historyReadMs: 250,
  referencesMax: 8,
  sharedOrganizationsMax: 20,
  sharedMxOrganizationsMax: 5,
} as const;
