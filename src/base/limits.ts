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
  fromMxHostsMax: 5, // local: MX hosts of the From domain that are compared with the client
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
  // X-Assay-Report, written and read. Local.
  reportValueBytesMax: 255, // as encoded; a key and a value stay far below 998 octets
  reportWordBytesMax: 64, // one word of the list of suspicions, of at most reportSuspicionsMax
  reportSuspicionsMax: 8,
  reportFieldBytesMax: 8 * 1024,
  // SMTP replies, written.
  replyLineBytesMax: 512, // RFC 5321 §4.5.3.1.5: code and CRLF included
  replyTraceIdCharactersMax: 64, // local
  replyRecipientsCharactersMax: 256, // local: addresses of 5.7.703
  // Received, read for the envelope of stored mail. Local.
  receivedFieldBytesMax: 4096,
  receivedFieldsMax: 100, // RFC 5321 §6.3 lets a server see a loop from 100 on
  // Bounces and references. Local.
  contentTypeCharactersMax: 2048,
  reportPartsMax: 16, // RFC 6522 §3 has three
  returnedPartBytesMax: 64 * 1024, // of a part's beginning: its header, and that of the returned message
  messageIdCharactersMax: 512,
  // assay explain: fields read as results, facts and signatures of one pasted header. Local.
  explainStatementsMax: 64,
  explainNotesMax: 24,
  // Warm start. Local.
  recipientsFieldBytesMax: 16 * 1024, // of a To, Cc or Bcc field of ours
  logTransactionsMax: 20_000, // messages of a mail log that are open at once
  learntDays: 400, // how long a message that was learnt from a file is known as learnt
  learnBatch: 500, // messages a transaction
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
  historySlowReadsMax: 3, // readings in a row that took longer: then the next second does without
  referencesMax: 8,
  sharedOrganizationsMax: 20,
  sharedMxOrganizationsMax: 5,
  // The store of sender history. Local.
  historyRecipientsMax: 64, // recipients of one message that are looked up, and learnt from
  historyKeyCharactersMax: 255, // a token's value or an organization; longer ones are not kept
  historyForgottenBelow: 0.05, // messages, decayed: a row below it is pruned (one message: after 130 days)
  historySourceUnauthenticatedPerDay: 200, // messages of one source (its prefix) that may open new rows in a day
  historySourceAuthenticatedPerDay: 5000, // a prefix of a large sending service speaks for thousands of organizations
  historySourcesMax: 200_000, // sources counted at once; past it no further source opens new rows that day
  historyStoreBytesMax: 8 * 1024 * 1024 * 1024, // past it unauthenticated mail opens no new rows
  historyPruneRows: 2000, // rows that one step of pruning looks at
  historyPruneDays: 1, // one pass over the store a day
  journalDays: 30, // outbound journal: a bounce or an answer that comes later is not known as one
  storeQueueMax: 20_000, // lessons waiting to be written; past it the oldest are dropped
  storeBatchMax: 1000, // lessons in one transaction
  storeBatchMs: 50, // how long the first one waits for others
  storeLockMs: 2000, // how long the writer waits for another process's lock
  storeRetryMs: 1000, // pause after a failure, doubled each time
  storeRetryMaxMs: 10_000,
  storeFreeBytesMin: 64 * 1024 * 1024, // less free space on the disk is a warning, before it is full
  storeWatchMs: 5000, // how often free space is looked at
  storeReadCacheBytes: 32 * 1024 * 1024,
  storeStatementsMax: 64, // prepared read statements kept, one for each shape of question
  // PostgreSQL. Local.
  postgresConnectMs: 3000, // how long a connection may take to be made
  postgresIdleMs: 30_000, // an idle connection is given back; a transaction that does nothing is ended
  postgresStatementMs: 10_000, // one statement of a batch, of pruning, of an operator's command
  postgresLongMs: 600_000, // one statement of an operation on a store as a whole
  postgresReadersMax: 4, // connections of one process that mail reads by
  postgresTriesMax: 5, // of a transaction that the server undid for another one's sake
  postgresRefreshMs: 3000, // how often a node looks whether entries have changed, besides being told
  entriesCopiedMax: 100_000, // entries that a node keeps for when the server is lost
  copyRows: 1000, // rows that `assay db copy` reads and writes at a time
  // Spoof intelligence. Local.
  sightingDays: 90, // how long a pair that was seen is kept
  sightingUsersMax: 10, // addresses kept of a pair and day, the most frequent ones
  sightingSamplesMax: 5, // messages kept of a pair and day, the newest ones
  sightingTextCharactersMax: 600, // an explanation, a warning, an address
  sightingSourcePairsPerDay: 200, // new pairs that one source (its prefix) may open in a day
  sightingTenantPairsPerDay: 5000, // and all sources together; what exceeds either counts on pairs that are there
  sightingPage: 500, // pairs read from the store at a time
  // The journal of decisions. Local.
  journalPartyCharacters: 16, // of a fingerprint by which an address is found: 96 bits
  journalHashBytes: 16, // of the SHA-256 of a DNS answer: 128 bits
  journalRecordBytesMax: 8 * 1024 * 1024, // unpacked; a record is a few KB, with a thousand recipients a hundred
  journalPage: 200, // records read from the store at a time
  journalAnswersKept: 8192, // DNS answers that a reader keeps from page to page, of about 0.5 KB
  journalPruneRecords: 500, // records that one step of pruning takes out
  journalSendersMax: 2000, // senders that replay and readiness count each by itself; the others are counted together
  journalSamplesMax: 3, // messages shown of each
  // The operator's entries and rules. Local.
  entryPairsMax: 32_768, // of a tenant; EOP has 1,024 (reference: eop.md §4b)
  entryListMax: 32_768, // list entries of a tenant; EOP has 15,000 for senders and 1,273 for each IP list (§4b, §5)
  entryPage: 500, // entries or changes read from the store at a time
  matchedKeptMax: 100_000, // entries known to have matched today
  entryIdleDays: 90, // an accepting entry that nobody needed for so long ends (design: compauth.md)
  entryTextCharactersMax: 600, // an address and a domain at their longest
  entryNoteCharactersMax: 500,
  nameLineageMax: 4, // a name, its organization, and what is just below that: as entries are looked up by
  pairUsersMax: 22, // From side of the keys of one message: address, `*`, each author domain with its lineage, so that no decoy hides one
  pairInfrastructuresMax: 24, // the other side
  pairKeysMax: 572, // keys of one message, all told
  entryRecipientsMax: 64, // recipients of one message whose own entries are looked up
  entryAncestorsMax: 8, // `*.domain` entries that one domain can match
  listKeysMax: 1024, // keys of one message in the lists: 113 of an IPv6 client, 64 recipients with their safe senders
  ruleCharactersMax: 4096,
  ruleTestsMax: 64,
  ruleDepthMax: 16,
  ruleValuesMax: 64, // values of one test, and actions of one rule
  ruleTextCharactersMax: 256, // a quoted text: a pattern, a stamp, a reply
  rulesMax: 200,
  filterFieldCharactersMax: 4096,
  // Doors. Local, all of them.
  proxyMemoryBytesMax: 256 * 1024, // of one message in memory at the proxy; more goes to a file
  deferralsMax: 3, // answers "come again" to one message before it is accepted, marked
  deferredKeyCharactersMax: 600, // of what tells one of them from another
  deferredMessagesKept: 20_000, // messages whose deferrals are counted
  heldClockMs: 600_000, // how far the mail server's clock may be ahead of ours
  stageMs: 20_000, // an answer at MAIL or RCPT, below Postfix's 30 s a command
  dataStageMs: 120_000, // an answer at the end of DATA, below Postfix's 300 s
  // The SMTP proxy. Times of RFC 5321 §4.5.3.2 where it has them.
  proxyCommandBytesMax: 4096, // a command line; RFC 5321 §4.5.3.1.4 has 512, extensions add to it
  proxyErrorsMax: 20, // commands of a connection that are not understood, since its last message
  proxyIdleCommandsMax: 100, // commands of a connection that lead to no message, since its last one
  proxyRecipientsMax: 5000, // of a message; RFC 5321 §4.5.3.1.8 asks for 100 at least
  proxyRecipientBytesMax: 1024 * 1024, // of the RCPT commands of a message that were accepted: they are kept until its end
  proxyHelloCharactersMax: 255, // RFC 5321 §4.5.3.1.2
  proxyClientConnections: 50, // of one client at once, unless the configuration says otherwise: as Postfix has it
  proxyRefusedMs: 2000, // how long a connection too many may take to hear so
  proxyNameMs: 5000, // how long the next hop is not told of a client whose reverse name DNS has not said yet
  proxyGreetingMs: 100, // silence that is expected of an unlisted client before the greeting
  proxyCommandMs: 300_000, // for one whole command line: RFC 5321 §4.5.3.2.7
  proxyCrowdedCommandMs: 20_000, // the same, where three quarters of the connections are taken
  proxyHandshakeMs: 30_000, // STARTTLS
  proxyBlockMs: 180_000, // between two chunks of a message: RFC 5321 §4.5.3.2.5
  proxyMessageMs: 3_600_000, // for a whole message
  proxyDiscardBytesMax: 64 * 1024 * 1024, // read of a message that is refused already, before the connection is cut
  nextHopConnectMs: 10_000,
  nextHopGreetingMs: 60_000, // its greeting, and each answer up to MAIL
  nextHopCommandMs: 240_000, // each answer at MAIL and RCPT; a client waits five minutes, and goes before several such waits are over
  nextHopBlockMs: 180_000, // until it has taken a chunk
  nextHopEndMs: 450_000, // its answer to a message, below the ten minutes that a client waits
  nextHopReplyLineBytesMax: 4096, // RFC 5321 §4.5.3.1.5 has 512
  nextHopReplyLinesMax: 100,
  nextHopFeaturesMs: 300_000, // how long its EHLO answer is believed before it is asked again
  nextHopProbeMs: 5000, // how long an EHLO waits for an answer that nobody has yet
  partialDeliveriesMax: 10_000, // messages that an LMTP next hop took for some recipients and not for others
  partialRecipientsMax: 200_000, // recipients of all of those that have their message: some 30 MB
  partialDeliveryMs: 432_000_000, // how long a client may come again for those: five days, RFC 5321 §4.5.4.1
  // HTTP door. Local, all of them.
  httpHeaderBytesMax: 256 * 1024, // request line and headers: the envelope of a message to 1,000 recipients stands there
  httpHeadersMs: 10_000, // how long they may take to come (a client that sends one byte a second)
  httpRequestMs: 120_000, // and the whole request with its message
  httpIdleMs: 5000, // how long a connection waits for its next request
  httpCheckMs: 1000, // how often these times are looked at
  httpJsonBytesMax: 4 * 1024 * 1024, // of a request in JSON, which is held whole; larger messages come as message/rfc822
  httpJsonAtOnce: 32, // requests in JSON that are read at once
  httpRecipientsMax: 1000,
  httpRecipientsAtOnce: 16, // recipients of one message that are asked about at once
  httpTextCharactersMax: 1000, // one value of the envelope; what mail needs is judged where it is read
  httpTokensMax: 64, // tokens that a given one is compared with
  rspamcAnswerBytesMax: 16 * 1024, // Exim has room for 32,600 octets of it, with one more for each line
  rspamcLineCharactersMax: 1000, // one line of it that is no header field
  // Milter door. Local, all of them.
  milterFrameBytesMax: 1024 * 1024, // one packet; the longest hold one header field (Postfix: header_size_limit, 100 KB)
  milterStreamBytesMax: 256 * 1024, // of a message that wait to be inspected; then the mail server waits
  milterAddressBytesMax: 4096, // MAIL and RCPT; servers refuse command lines of half of that
  milterRecipientsMax: 10_000, // kept of one message; those beyond are asked about, and forgotten
  milterMacroBytesMax: 1024, // one value; a longer one counts as absent
  milterHostsMax: 1000, // mail servers of which it is known that they are Postfix
  milterBusyConnections: 8, // at once in one process; new ones are asked to leave out an answer that a quiet service gives
  milterReplyBytesMax: 1024 * 1024, // replies that the mail server does not read
  milterReplyTextBytesMax: 980, // of one reply line, each % counted twice: what libmilter lets a filter say
  primaryAnswerMs: 5000, // how long a process waits for what the first of several knows
  milterNegotiationMs: 30_000, // a connection that says nothing
  milterIdleMs: 2 * 60 * 60_000, // between messages; Postfix keeps a connection as long as its client stays
  milterContentMs: 300_000, // between two packets of a message's content: Postfix's milter_content_timeout
  milterProgressMs: 5000, // how often a server that waits for the end of a message is told that we are at it
  milterLastWordMs: 1000, // to read the last answer of a connection that is closed
  milterKeepAliveMs: 60_000, // TCP probes, for a server that is gone without a word
  // Log and metrics. Local, all of them.
  logTextCharactersMax: 256, // one value from outside
  logStackCharactersMax: 8192,
  logRecipientsMax: 10, // recipients that a line names; their number is told in full
  logSignersMax: 8, // domains of valid signatures that a line names
  logBatchBytes: 3072, // lines that are written together
  logWriteBytesMax: 4096, // at most, but for one long line: several processes share a pipe, and so much goes into it in one piece (PIPE_BUF)
  logWaitMs: 100, // how long the first of them waits for others
  logBufferBytesMax: 16 * 1024 * 1024, // lines that wait for a reader that is slow; past it they are lost, and counted
  metricSeriesMax: 500, // combinations of labels of one metric; more are counted as "other"
  // Breaker of the resolver. Local, all of them.
  breakerFailures: 20, // questions in a row that got no answer
  breakerDomains: 8, // of so many organizational domains: one dead domain, or one message's, is no dead resolver
  breakerSilenceMs: 10_000, // and nothing was answered for so long
  breakerProbeMs: 2000, // while it is open, one question in so long is asked
} as const;
